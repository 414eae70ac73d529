import { setTimeout as pause } from 'node:timers/promises';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import pg from 'pg';
import { detach, withCancel, withTimeout } from '../../../../src/context/with-scope.js';
import { isCallCancelled, isDeadlineExceeded } from '../../../../src/errors.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { PgEnforcement } from './enforcement.js';
import { StandIn } from './stand-in.js';

const server = new StandIn();
const enforcement = new PgEnforcement(server);

const arrived = (count = 1) => within(2_000, 'statements', () => server.statements.length >= count);
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => error,
  );

/** Statements as pg sends them. */
const FORMS: [string, (text: string) => pg.QueryConfig | string][] = [
  ['simple', (text) => text],
  ['with parameters', (text) => ({ text, values: [1] })],
  ['prepared', (text) => ({ text, name: 'statement' })],
];

describe.each(FORMS)('a statement (%s)', (_, form) => {
  test('is refused when no time is left: nothing is sent', async () => {
    const client = await enforcement.client();
    const error = await outcome(withTimeout(0, () => client.query(form('select 1'))));
    expect(isDeadlineExceeded(error)).toBe(true);
    expect(error).toMatchObject({ target: `pg 127.0.0.1:${server.port}/db`, status: 504 });
    expect(server.texts).toEqual([]);
    expect(enforcement.counts).toEqual({ 'client rejected': 1 });
  });

  test('is cancelled when its deadline passes; its connection is usable', async () => {
    const client = await enforcement.client();
    const result = outcome(withTimeout(100, () => client.query(form('slow'))));
    await arrived();
    advance(99);
    expect(server.cancels).toEqual([]);
    advance(1);
    expect(isDeadlineExceeded(await result)).toBe(true);
    const [backend] = server.backends;
    const { processId } = backend ?? {};
    expect(server.cancels).toMatchObject([{ processId, key: Number(processId) * 7 }]);
    expect(await client.query('select 2')).toMatchObject({ rows: [] });
    expect(enforcement.counts).toEqual({ 'client exceeded': 1 });
  });

  test('is cancelled when its caller goes', async () => {
    const client = await enforcement.client();
    const result = outcome(
      withCancel((_context, cancel) => {
        void arrived().then(() => cancel());
        return client.query(form('slow'));
      }),
    );
    expect(isCallCancelled(await result)).toBe(true);
    expect(enforcement.counts).toEqual({ 'client cancelled': 1 });
  });

  test('is untouched when it is in time, and releases all that it has taken', async () => {
    const client = await enforcement.client();
    await withTimeout(100, () => client.query(form('select 1')));
    advance(10_000);
    expect(server.cancels).toEqual([]);
    expect(enforcement.counts).toEqual({});
  });
});

test('a statement that waits for its connection leaves that queue, and the one before it goes on', async () => {
  const client = await enforcement.client();
  const first = client.query('slow');
  const second = outcome(withTimeout(100, () => client.query('select 2')));
  const third = client.query('select 3');
  await arrived();
  advance(100);
  expect(isDeadlineExceeded(await second)).toBe(true);
  server.statements[0]?.answer();
  await Promise.all([first, third]);
  expect(server.texts).toEqual(['slow', 'select 3']);
  expect(server.cancels).toEqual([]);
});

test('cancels leave no listener behind', async () => {
  const client = await enforcement.client();
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  const count = () => connection.eventNames().map((name) => [name, connection.listenerCount(name)]);
  const before = count();
  for (let i = 1; i <= 3; i++) {
    const result = outcome(withTimeout(100, () => client.query('slow')));
    await arrived(i);
    advance(100);
    expect(isDeadlineExceeded(await result)).toBe(true);
  }
  expect(count()).toEqual(before);
});

describe('while a cancel may still hit what runs on the connection', () => {
  /** A statement that has been cancelled, and one behind it. */
  async function cancelled() {
    const client = await enforcement.client();
    const told: string[] = [];
    const first = withTimeout(100, () => client.query('slow')).then(
      () => told.push('answered'),
      () => told.push('ended'),
    );
    const next = client.query('select 2').then(() => told.push('next'));
    await arrived();
    advance(100);
    await within(2_000, 'the cancel', () => server.cancels.length === 1);
    const settled = Promise.all([first, next]);
    return { told, settled, statement: server.statements[0], cancel: server.cancels[0] };
  }
  /** Of the real time, in which all that is on its way arrives. */
  const aWhile = () => pause(50);

  test('nobody is told, and nothing is sent: the cancel has not been closed', async () => {
    server.onCancel = () => {};
    const { told, settled, statement, cancel } = await cancelled();
    statement?.fail('57014');
    await aWhile();
    expect({ told, texts: server.texts }).toEqual({ told: [], texts: ['slow'] });
    cancel?.socket.end();
    await settled;
    expect(told).toEqual(['ended', 'next']);
  });

  test('nobody is told, and nothing is sent: the server is not ready', async () => {
    server.onCancel = ({ socket }) => socket.end();
    const { told, settled, statement } = await cancelled();
    await aWhile();
    expect({ told, texts: server.texts }).toEqual({ told: [], texts: ['slow'] });
    statement?.fail('57014');
    await settled;
    expect(told).toEqual(['ended', 'next']);
  });

  test('the client does not close the connection of the cancel first: PgBouncer 1.18 would end', async () => {
    let ended = false;
    server.onCancel = ({ socket }) => {
      socket.on('end', () => {
        ended = true;
      });
    };
    const { settled, statement, cancel } = await cancelled();
    await aWhile();
    expect(ended).toBe(false);
    cancel?.socket.end();
    statement?.fail('57014');
    await settled;
  });

  test('a statement that was answered in time is answered, and one that failed by itself fails with its own error', async () => {
    server.onCancel = ({ socket }) => socket.end();
    const { told, settled, statement } = await cancelled();
    statement?.answer();
    await settled;
    expect(told).toEqual(['answered', 'next']);
    const client = await enforcement.client();
    const other = outcome(withTimeout(100, () => client.query('slow 2')));
    await within(2_000, 'it', () => server.texts.includes('slow 2'));
    advance(100);
    await within(2_000, 'the second cancel', () => server.cancels.length === 2);
    server.statements.at(-1)?.fail('23505');
    expect(await other).toMatchObject({ code: '23505' });
  });

  test('a connection that is not free after a second is closed, without an event that ends the process', async () => {
    server.onCancel = ({ socket }) => socket.end();
    const client = await enforcement.client();
    const errors: unknown[] = [];
    client.removeAllListeners('error').on('error', (error) => errors.push(error));
    const result = outcome(withTimeout(100, () => client.query('slow')));
    await arrived();
    advance(100);
    await within(2_000, 'the cancel', () => server.cancels.length === 1);
    advance(999);
    expect(server.backends[0]?.socket.destroyed).toBe(false);
    advance(1);
    expect(isDeadlineExceeded(await result)).toBe(true);
    await within(2_000, 'the end of the connection', () => server.backends[0]?.socket.destroyed === true);
    expect(errors).toEqual([]);
  });

  test('a connection that breaks ends the wait', async () => {
    server.onCancel = () => {};
    const { told, settled, statement } = await cancelled();
    statement?.backend.socket.destroy();
    server.cancels[0]?.socket.destroy();
    await settled.catch(() => {});
    await within(2_000, 'the end', () => told.includes('ended'));
  });
});

describe('what is left alone, also when the time is up', () => {
  test.each([
    'COMMIT',
    'rollback to savepoint a',
    '/* trace */ -- more\n RESET ROLE',
    'insert into t values (1); commit',
    "select pg_advisory_unlock(1), 'a;b'",
    'LISTEN channel',
    'copy t to stdout',
  ])('%s', async (text) => {
    const client = await enforcement.client();
    await withTimeout(0, () => client.query(text));
    server.app = () => {};
    const running = withTimeout(100, () => client.query(text));
    await arrived(2);
    advance(100);
    server.statements[1]?.answer();
    await running;
    expect(server.texts).toEqual([text, text]);
    expect(server.cancels).toEqual([]);
  });

  test.each<[string, <T>(fn: () => T) => T]>([
    ['a statement that is detached', detach],
    ['a statement of no scope', (fn) => context.with(ROOT_CONTEXT, fn)],
    ['a statement of telemetry', (fn) => context.with(suppressTracing(context.active()), fn)],
  ])('%s', async (_, freed) => {
    const client = await enforcement.client();
    await withTimeout(0, () => freed(() => client.query('select 1')));
    expect(enforcement.counts).toEqual({});
  });

  test('a query of another class, such as a cursor', async () => {
    const client = await enforcement.client();
    const query = new pg.Query('select 1', []);
    const cursor = { submit: () => query.submit(client.connection), handleReadyForQuery: () => {} };
    for (const name of ['handleCommandComplete', 'handleError', 'handleRowDescription'])
      Object.assign(cursor, { [name]: () => {} });
    withTimeout(0, () => client.query(cursor as never));
    await arrived();
    expect(server.texts).toEqual(['select 1']);
  });
});

describe('a callback', () => {
  test('is told as pg does it', async () => {
    const client = await enforcement.client();
    const error = await new Promise((resolve) => {
      withTimeout(0, () => client.query('select 1', (failure) => resolve(failure)));
    });
    expect(isDeadlineExceeded(error)).toBe(true);
    const inConfig = await new Promise((resolve) => {
      withTimeout(0, () => client.query({ text: 'select 1', callback: resolve } as never));
    });
    expect(isDeadlineExceeded(inConfig)).toBe(true);
  });

  test.each(['refused', 'answered'])(
    'runs in the context of its caller, also where there is no scope: %s',
    async (how) => {
      // The connection belongs to a request that has ended.
      const client = await withTimeout(100, () => enforcement.client());
      const key = Symbol('caller');
      const caller = ROOT_CONTEXT.setValue(key, 'caller');
      const found = await new Promise((resolve) => {
        const make = () => client.query('select 1', () => resolve(context.active().getValue(key)));
        if (how === 'refused') withTimeout(0, make, caller);
        else context.with(caller, make);
      });
      expect(found).toBe('caller');
    },
  );

  test('of a query object is told by its event where it has none', async () => {
    const client = await enforcement.client();
    const query = withTimeout(0, () => client.query(new pg.Query('select 1')));
    const error = await new Promise((resolve) => (query as unknown as NodeJS.EventEmitter).on('error', resolve));
    expect(isDeadlineExceeded(error)).toBe(true);
  });
});

describe('modes', () => {
  test('refuse: what runs goes on', async () => {
    enforcement.configure({ databases: { pg: 'refuse' } });
    const client = await enforcement.client();
    const running = withTimeout(100, () => client.query('slow'));
    await arrived();
    advance(100);
    server.statements[0]?.answer();
    await running;
    expect(server.cancels).toEqual([]);
    expect(isDeadlineExceeded(await outcome(withTimeout(0, () => client.query('select 1'))))).toBe(true);
  });

  test('false: nothing is patched', async () => {
    const { query } = pg.Client.prototype;
    enforcement.configure({ databases: { pg: false } });
    expect(pg.Client.prototype.query).not.toBe(query);
    const client = await enforcement.client();
    await withTimeout(0, () => client.query('select 1'));
    expect(enforcement.counts).toEqual({});
  });

  test('observe: counts, and does nothing', async () => {
    enforcement.configure({ mode: 'observe' });
    const client = await enforcement.client();
    await withTimeout(0, () => client.query('select 1'));
    const running = withTimeout(100, () => client.query('slow'));
    await arrived(2);
    advance(100);
    server.statements[1]?.answer();
    await running;
    expect(server.cancels).toEqual([]);
    expect(enforcement.counts).toEqual({ 'client rejected': 1, 'client exceeded': 1 });
  });
});

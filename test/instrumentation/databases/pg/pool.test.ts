import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type pg from 'pg';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { isDeadlineExceeded } from '../../../../src/errors.js';
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
const until = (what: string, condition: () => boolean) => within(2_000, what, condition);

test('nobody gets a client when no time is left', async () => {
  const pool = enforcement.pool();
  for (const call of [() => pool.query('select 1'), () => pool.connect()]) {
    const error = await outcome(withTimeout(0, call as () => Promise<unknown>));
    expect(isDeadlineExceeded(error)).toBe(true);
    expect(error).toMatchObject({ target: 'pg pool' });
  }
  expect(server.backends).toEqual([]);
  expect(enforcement.counts).toEqual({ 'client rejected': 2 });
});

test.each([0, 60_000])(
  'who waits for a client leaves the queue at the end (timeout of the pool: %s)',
  async (timeout) => {
    const pool = enforcement.pool({ max: 1, connectionTimeoutMillis: timeout });
    const first = pool.query('slow');
    await arrived();
    const second = outcome(withTimeout(100, () => pool.query('select 2')));
    const third = pool.query('select 3');
    expect(pool.waitingCount).toBe(2);
    advance(100);
    expect(isDeadlineExceeded(await second)).toBe(true);
    expect(pool.waitingCount).toBe(1);
    server.statements[0]?.answer();
    await Promise.all([first, third]);
    expect(server.texts).toEqual(['slow', 'select 3']);
  },
);

test('a connection that was made for a caller who has gone goes into the pool', async () => {
  const pool = enforcement.pool({ max: 1 });
  const connecting = outcome(withTimeout(100, () => pool.connect()));
  advance(100);
  expect(isDeadlineExceeded(await connecting)).toBe(true);
  await until('the connection', () => pool.idleCount === 1);
  await pool.query('select 1');
  expect(server.backends.length).toBe(1);
});

test('a connection whose statement was cancelled stays in the pool', async () => {
  const pool = enforcement.pool({ max: 1 });
  for (let i = 1; i <= 3; i++) {
    const result = outcome(withTimeout(100, () => pool.query(`slow ${i}`)));
    await arrived(i);
    advance(100);
    expect(isDeadlineExceeded(await result)).toBe(true);
  }
  expect(pool.idleCount).toBe(1);
  expect(server.backends.length).toBe(1);
});

describe('a callback runs in the context of its caller, not in that of who gives the client back', () => {
  const key = Symbol('caller');
  const as = <T>(name: string, fn: () => T) => context.with(ROOT_CONTEXT.setValue(key, name), fn);
  const current = () => context.active().getValue(key);

  test.each(['connect', 'query'] as const)('%s', async (method) => {
    const pool = enforcement.pool({ max: 1 });
    const found: unknown[] = [];
    const holder = await as('holder', () => pool.connect());
    const all = ['a', 'b', undefined].map(
      (name) =>
        new Promise<void>((resolve) => {
          const told = (_: unknown, _client?: unknown, release?: () => void) => {
            found.push(current());
            if (method === 'connect') release?.();
            resolve();
          };
          const call = () => (method === 'connect' ? pool.connect(told as never) : pool.query('select 1', told));
          if (name === undefined) void call();
          else as(name, call);
        }),
    );
    as('holder', () => holder.release());
    await Promise.all(all);
    expect(found).toEqual(['a', 'b', undefined]);
  });

  test('a statement that waited runs under the scope of its caller', async () => {
    const pool = enforcement.pool({ max: 1 });
    const holder = await withTimeout(50, async () => pool.connect());
    const waiting = withTimeout(60_000, () => pool.query('slow'));
    advance(1_000);
    withTimeout(0, () => holder.release());
    await arrived();
    server.statements[0]?.answer();
    await waiting;
    expect(enforcement.counts).toEqual({});
  });
});

describe('a client that the application has held, and that had a statement refused', () => {
  type Steps = readonly string[];

  /** Runs `before` in time, `refused` too late, `after` in any case; returns how many connections the server has seen then. */
  async function connectionsAfter(before: Steps, after: Steps, pool: pg.Pool): Promise<number> {
    const client = await pool.connect();
    await outcome(
      withTimeout(100, async () => {
        for (const text of before) await client.query(text);
        advance(100);
        await client.query('select refused');
      }),
    );
    for (const text of after) await client.query(text);
    client.release();
    await pool.query('select next');
    expect(server.texts).not.toContain('select refused');
    return server.backends.length;
  }

  test.each<[string, Steps, Steps]>([
    ['nothing was changed', ['select 1'], []],
    ['a transaction was rolled back', ['begin', 'insert into t values (1)'], ['rollback']],
    ['what was set for the transaction', ['begin', 'set local role tenant'], ['rollback']],
    ['what was configured for the transaction', ['begin', "select set_config('app.tenant', $1, true)"], ['rollback']],
    ['the role was reset', ['set role tenant'], ['reset role']],
    ['the setting was reset', ["set app.tenant = 'a'"], ['RESET app.tenant']],
    ['the setting has its default', ["set app.tenant to 'a'"], ['set app.tenant to default']],
    ['all was discarded', ['set role tenant', 'listen a', 'prepare p as select 1'], ['discard all']],
    ['the lock was given back', ['select pg_advisory_lock(1)'], ['select pg_advisory_unlock_all()']],
  ])('goes back into the pool: %s', async (_, before, after) => {
    expect(await connectionsAfter(before, after, enforcement.pool({ max: 1 }))).toBe(1);
  });

  test.each<[string, Steps, Steps]>([
    ['a role is left', ['set role tenant'], []],
    ['a role is left behind a comment', ['/* a */ SET SESSION ROLE tenant'], []],
    ['RESET ALL leaves the role', ['set role tenant'], ['reset all']],
    ['another setting was reset', ["set app.tenant = 'a'"], ['reset role']],
    ['a setting by a function', ["select set_config('app.tenant', 'a', false)"], []],
    ['a transaction is open', ['begin', 'insert into t values (1)'], []],
    ['a lock is left', ['select pg_try_advisory_lock(1)'], []],
    ['it listens', ['listen a'], []],
    ['a statement is prepared', ['prepare p as select 1'], []],
    ['a temporary table is left', ['create temp table a (b int)'], []],
  ])('is closed: %s', async (_, before, after) => {
    expect(await connectionsAfter(before, after, enforcement.pool({ max: 1 }))).toBe(2);
  });

  test('a statement too many to be kept counts as well', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `select ${i}`);
    expect(await connectionsAfter(['set role tenant', ...many], [], enforcement.pool({ max: 1 }))).toBe(2);
  });

  test('the next one who holds the connection begins anew', async () => {
    const pool = enforcement.pool({ max: 1 });
    const client = await pool.connect();
    await client.query('set role tenant');
    client.release();
    expect(await connectionsAfter([], [], pool)).toBe(1);
  });
});

test('an error that is not ours closes a connection, as without us', async () => {
  const pool = enforcement.pool({ max: 1 });
  const client = await pool.connect();
  client.release(new Error('of the application'));
  await pool.query('select 1');
  expect(server.backends.length).toBe(2);
});

test('a statement of the pool that is left alone is not refused', async () => {
  const pool = enforcement.pool({ max: 1 });
  await withTimeout(0, () => pool.query('notify channel'));
  expect(server.texts).toEqual(['notify channel']);
});

import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { diag } from '@opentelemetry/api';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { isDeadlineExceeded } from '../../../../src/errors.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { PgEnforcement } from './enforcement.js';
import { StandIn } from './stand-in.js';

// Cancels that reach another server: behind a balancer, or with a stream of the application's own.

const server = new StandIn();
const enforcement = new PgEnforcement(server);

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => error,
  );

/** Runs a statement out of time, whose cancel has no effect. Returns its outcome, once the grace has passed. */
async function inVain(query: (text: string) => Promise<unknown>): Promise<unknown> {
  const count = server.statements.length;
  const result = outcome(withTimeout(100, () => query('slow')));
  await within(2_000, 'the statement', () => server.statements.length > count);
  const cancels = server.cancels.length;
  advance(100);
  await pause(50);
  const wasSent = server.cancels.length > cancels;
  if (wasSent) advance(1_000);
  else server.statements.at(-1)?.answer();
  return wasSent ? [await result, 'cancel sent'] : result;
}

test('after three in a row no more are sent, with one warning, until a minute has passed', async () => {
  const warn = jest.spyOn(diag, 'warn').mockReturnValue();
  server.onCancel = ({ socket }) => socket.end();
  const pool = enforcement.pool({ max: 1 });
  const query = (text: string) => pool.query(text);
  for (let i = 0; i < 3; i++) expect(await inVain(query)).toEqual([expect.anything(), 'cancel sent']);
  expect(await inVain(query)).toBe('done');
  expect(await inVain(query)).toBe('done');
  expect(warn.mock.calls).toEqual([[expect.stringContaining(`127.0.0.1:${server.port}/db: 3 cancels in a row`)]]);
  // Refused all the same.
  expect(isDeadlineExceeded(await outcome(withTimeout(0, () => query('select 1'))))).toBe(true);
  advance(60_000);
  expect(await inVain(query)).toEqual([expect.anything(), 'cancel sent']);
  expect(await inVain(query)).toBe('done');
  expect(warn).toHaveBeenCalledTimes(1);
  // One that has an effect ends it.
  advance(60_000);
  server.onCancel = (cancel) => cancel.obey();
  for (let i = 0; i < 2; i++) {
    const result = outcome(withTimeout(100, () => query('slow')));
    await within(2_000, 'the statement', () => server.statements.at(-1)?.text === 'slow');
    await pause(20);
    advance(100);
    expect(isDeadlineExceeded(await result)).toBe(true);
  }
});

test('one that has an effect in between counts anew', async () => {
  const pool = enforcement.pool({ max: 1 });
  const query = (text: string) => pool.query(text);
  for (const works of [false, false, true, false, false]) {
    server.onCancel = (cancel) => (works ? cancel.obey() : void cancel.socket.end());
    expect(await inVain(query)).toEqual([expect.anything(), 'cancel sent']);
  }
});

test('a server that cannot be reached any more: the statement goes on, and its connection is closed after a second', async () => {
  // A gate that lets one connection through.
  const gate = createServer((socket) => {
    gate.close();
    const through = connect(server.port, '127.0.0.1');
    socket.pipe(through).pipe(socket);
    for (const each of [socket, through]) each.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await within(2_000, 'the gate', () => gate.listening);
  const { port } = gate.address() as { port: number };
  const client = await enforcement.client({ port });
  const result = outcome(withTimeout(100, () => client.query('slow')));
  await within(2_000, 'the statement', () => server.statements.length === 1);
  advance(100);
  await pause(50);
  expect(server.cancels).toEqual([]);
  advance(1_000);
  expect(isDeadlineExceeded(await result)).toBe(true);
});

test('a stream without an address gets none', async () => {
  const client = await enforcement.client();
  Object.defineProperty((client as unknown as { connection: { stream: object } }).connection.stream, 'remoteAddress', {
    value: undefined,
  });
  const result = outcome(withTimeout(100, () => client.query('slow')));
  await within(2_000, 'the statement', () => server.statements.length === 1);
  advance(100);
  await pause(50);
  expect(server.cancels).toEqual([]);
  server.statements[0]?.answer();
  expect(await result).toBe('done');
});

test('a pipelined connection gets none: the cancel could hit the statement behind', async () => {
  const client = await enforcement.client({ pipeline: true } as object);
  const result = outcome(withTimeout(100, () => client.query('slow')));
  const next = client.query('slow 2');
  await within(2_000, 'the statement', () => server.statements.length >= 1);
  advance(100);
  await pause(50);
  expect(server.cancels).toEqual([]);
  server.statements[0]?.answer();
  await within(2_000, 'the next one', () => server.statements.length === 2);
  server.statements[1]?.answer();
  expect(await result).toBe('done');
  await next;
});

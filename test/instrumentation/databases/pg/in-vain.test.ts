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

type Query = (text: string) => Promise<unknown>;

/** Runs a statement out of time, of which a cancel is sent, and lets the grace pass. */
async function cancelSent(query: Query): Promise<void> {
  const [statements, cancels] = [server.statements.length, server.cancels.length];
  const result = outcome(withTimeout(100, () => query('slow')));
  await within(5_000, 'the statement', () => server.statements.length > statements);
  advance(100);
  await within(5_000, 'the cancel', () => server.cancels.length > cancels);
  // If it has an effect, that arrives.
  await pause(50);
  advance(1_000);
  expect(isDeadlineExceeded(await result)).toBe(true);
}

/** Runs a statement out of time, of which no cancel is sent. */
async function noneSent(query: Query): Promise<void> {
  const [statements, cancels] = [server.statements.length, server.cancels.length];
  const result = outcome(withTimeout(100, () => query('slow')));
  await within(5_000, 'the statement', () => server.statements.length > statements);
  advance(100);
  await pause(50);
  expect(server.cancels.length).toBe(cancels);
  server.statements.at(-1)?.answer();
  expect(await result).toBe('done');
}

test('after three in a row no more are sent, with one warning, until a minute has passed', async () => {
  const warn = jest.spyOn(diag, 'warn').mockReturnValue();
  server.onCancel = ({ socket }) => socket.end();
  const pool = enforcement.pool({ max: 1 });
  const query = (text: string) => pool.query(text);
  for (let i = 0; i < 3; i++) await cancelSent(query);
  await noneSent(query);
  await noneSent(query);
  expect(warn.mock.calls).toEqual([[expect.stringContaining(`127.0.0.1:${server.port}/db: 3 cancels in a row`)]]);
  // Refused all the same.
  expect(isDeadlineExceeded(await outcome(withTimeout(0, () => query('select 1'))))).toBe(true);
  advance(60_000);
  await cancelSent(query);
  await noneSent(query);
  expect(warn).toHaveBeenCalledTimes(1);
  // One that has an effect ends it.
  advance(60_000);
  server.onCancel = (cancel) => cancel.obey();
  for (let i = 0; i < 4; i++) await cancelSent(query);
});

test('one that has an effect in between counts anew', async () => {
  const pool = enforcement.pool({ max: 1 });
  const query = (text: string) => pool.query(text);
  for (const works of [false, false, true, false, false]) {
    server.onCancel = (cancel) => (works ? cancel.obey() : void cancel.socket.end());
    await cancelSent(query);
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

test('a cancel whose connection the server leaves open is closed with the grace', async () => {
  server.onCancel = () => {};
  const pool = enforcement.pool({ max: 1 });
  await cancelSent((text) => pool.query(text));
  await within(2_000, 'the connection to close', () => server.cancels[0]?.socket.destroyed === true);
});

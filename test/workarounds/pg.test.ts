import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import {
  activeQuery,
  newestQuery,
  type PgClient,
  type PgPool,
  queueOf,
} from '../../src/instrumentation/databases/pg/internals.js';
import { StandIn } from '../instrumentation/databases/pg/stand-in.js';
import { within } from '../support/waiting.js';
import { testNeeded, testReached } from './needed.js';

// Faults of pg, without this package, and its private parts.

const server = new StandIn();
const opened: { end(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.end()));
});

async function connected(): Promise<pg.Client> {
  const client = new pg.Client(server.options);
  client.on('error', () => {});
  await client.connect();
  opened.push(client);
  return client;
}

const INTERNALS = { covers: 'src/instrumentation/databases/pg/internals.ts' } as const;
const CALLERS_CONTEXT = { covers: 'src/instrumentation/databases/callers-context.ts' } as const;

testNeeded({ ...INTERNALS, fault: 'a statement takes no signal' }, async () => {
  const client = await connected();
  const aborted = { text: 'select 1', signal: AbortSignal.abort() };
  return client.query(aborted).then(
    () => true,
    () => false,
  );
});

testReached({ ...INTERNALS, fault: 'the queue of a connection, and the query that runs' }, async () => {
  const client = (await connected()) as unknown as PgClient & pg.Client;
  const first = client.query('slow 1');
  const second = client.query('slow 2');
  await within(2_000, 'a statement', () => server.statements.length === 1);
  expect(activeQuery(client)).toMatchObject({ text: 'slow 1' });
  expect(queueOf(client)).toMatchObject([{ text: 'slow 2' }]);
  expect(newestQuery(client)).toMatchObject({ text: 'slow 2' });
  server.app = (statement) => statement.answer();
  server.statements[0]?.answer();
  await Promise.all([first, second]);
});

testReached({ ...INTERNALS, fault: 'the next statement begins in `_pulseQueryQueue` alone' }, async () => {
  const client = await connected();
  const held = client as unknown as PgClient;
  await client.query('select 1');
  held._pulseQueryQueue = () => {};
  const waiting = client.query('select 2');
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.texts).toEqual(['select 1']);
  Reflect.deleteProperty(held, '_pulseQueryQueue');
  held._pulseQueryQueue();
  await waiting;
});

testReached({ ...INTERNALS, fault: 'the queue of a pool, its idle clients, and how it takes one back' }, async () => {
  const pool = new pg.Pool({ ...server.options, max: 1 });
  opened.push(pool);
  const { _pendingQueue, _idle } = pool as unknown as PgPool;
  const client = await pool.connect();
  const waiting = pool.connect();
  expect(_pendingQueue).toEqual([{ callback: expect.any(Function) }]);
  const released = jest.spyOn(pool as unknown as { _release(...args: unknown[]): void }, '_release');
  const error = new Error('of the application');
  client.release(error);
  expect(released).toHaveBeenCalledWith(client, expect.any(Function), error);
  (await waiting).release();
  expect(_idle.length).toBe(1);
});

testNeeded({ ...CALLERS_CONTEXT, fault: 'a callback runs in the context of who opened the connection' }, async () => {
  const storage = new AsyncLocalStorage<string>();
  const client = await storage.run('opener', () => connected());
  const found = await storage.run(
    'caller',
    () => new Promise((resolve) => client.query('select 1', () => resolve(storage.getStore()))),
  );
  return found !== 'caller';
});

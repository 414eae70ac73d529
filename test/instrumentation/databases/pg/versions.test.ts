import type { Client, Pool, QueryConfig } from 'pg';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { isDeadlineExceeded } from '../../../../src/errors.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { PgEnforcement } from './enforcement.js';
import { StandIn } from './stand-in.js';

// The oldest pg that works. Its private names differ, and it notes no status of the transaction.

const server = new StandIn();
const enforcement = new PgEnforcement(server, {}, 'pg-oldest');
const driver: { Client: typeof Client; Pool: typeof Pool } = require('pg-oldest');

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => error,
  );
const arrived = (count: number) => within(2_000, 'statements', () => server.statements.length >= count);

test('it is the oldest', () => {
  expect(require('pg-oldest/package.json').version).toBe('8.0.3');
  expect('_txStatus' in new driver.Client()).toBe(false);
});

test.each<[string, string | QueryConfig]>([
  ['simple', 'slow'],
  // Up to 8.2, pg sends the Sync of such a statement only when it hears of its error.
  ['with parameters', { text: 'slow', values: [1] }],
  ['prepared', { text: 'slow', name: 'a' }],
])('a statement is cancelled, and keeps its connection: %s', async (_, statement) => {
  const pool = enforcement.opens(new driver.Pool({ ...server.options, max: 1, idleTimeoutMillis: 0 }));
  for (let i = 1; i <= 2; i++) {
    const result = outcome(withTimeout(100, () => pool.query(statement as string)));
    await arrived(i);
    advance(100);
    expect(isDeadlineExceeded(await result)).toBe(true);
  }
  expect(server.backends.length).toBe(1);
  expect(server.cancels.length).toBe(2);
});

test('a statement leaves the queue of its connection, and of the pool', async () => {
  const client = enforcement.opens(new driver.Client(server.options));
  await client.connect();
  const first = client.query('slow');
  const second = outcome(withTimeout(100, () => client.query('select 2')));
  await arrived(1);
  advance(100);
  expect(isDeadlineExceeded(await second)).toBe(true);
  server.statements[0]?.answer();
  await first;
  expect(server.texts).toEqual(['slow']);
});

test.each([
  ['after a transaction that was rolled back', ['begin'], ['rollback'], 1],
  ['not with a role', ['set role tenant'], [], 2],
  ['not in a transaction', ['begin'], [], 2],
])('a held client goes back: %s', async (_, before, after, connections) => {
  const pool = enforcement.opens(new driver.Pool({ ...server.options, max: 1, idleTimeoutMillis: 0 }));
  const client = await pool.connect();
  const refused = withTimeout(100, async () => {
    for (const text of before) await client.query(text);
    advance(100);
    await client.query('select refused');
  });
  expect(isDeadlineExceeded(await outcome(refused))).toBe(true);
  for (const text of after) await client.query(text);
  client.release();
  await pool.query('select next');
  expect(server.backends.length).toBe(connections);
});

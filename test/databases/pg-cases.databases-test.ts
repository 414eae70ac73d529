import { join } from 'node:path';
import { Client } from 'pg';
import { ChildProcess } from '../support/processes/child-process.js';
import { RunningPostgres } from './running-postgres.js';

const CASES = join(__dirname, 'fixtures/cases.mjs');

let postgres: RunningPostgres;
beforeEach(async () => {
  postgres = await RunningPostgres.start({ max_connections: 12, superuser_reserved_connections: 2 });
});
afterEach(async () => {
  await postgres?.stop();
});

const args = (name: string, user = 'app') => [JSON.stringify({ case: name, options: { ...postgres.options, user } })];

async function run(name: string, user?: string) {
  const { report, code, stderr } = await ChildProcess.run(CASES, { args: args(name, user) });
  if (code !== 0) throw new Error(`${name} ended with ${code}\n${stderr}`);
  return report;
}

/** Runs statements beside, and returns the rows of the last one. */
async function query(...texts: string[]) {
  const client = new Client(postgres.options);
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const text of texts) ({ rows } = await client.query(text));
    return rows;
  } finally {
    await client.end();
  }
}

test('a request whose caller has gone leaves its tenant to nobody', async () => {
  expect(await run('tenant')).toEqual({
    'at its end': ['CallCancelledError', 'app'],
    'in finally': ['CallCancelledError', 'app'],
  });
});

test('a cancel needs no connection of its own', async () => {
  await query('create role guest login');
  expect(await run('full', 'guest')).toEqual({ refusal: '53300', ended: ['deadline'], inTime: true });
});

test('a server that is killed leaves no statement that waits for ever, and no process that ends', async () => {
  const child = ChildProcess.fork(CASES, { args: args('killed') });
  await child.until('it to be ready', () => child.messages.includes('ready'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await postgres.stop('SIGKILL');
  expect({ code: await child.close(), report: child.messages.at(-1), stderr: child.stderr }).toMatchObject({
    code: 0,
    report: { count: 40, done: 0 },
  });
});

test('a service that is killed leaves no half transaction, and harms nobody', async () => {
  await query('create table written (id int)');
  for (let i = 0; i < 5; i++) {
    expect(await ChildProcess.fork(CASES, { args: args('dies') }).close()).toBe('SIGKILL');
    expect(await query('select count(*)::int as n from written')).toEqual([{ n: 0 }]);
  }
});

test('a connection that listens is left alone', async () => {
  expect(await run('listens')).toBe('hello');
});

import { join } from 'node:path';
import { ChildProcess } from '../support/processes/child-process.js';
import { RunningPgBouncer, RunningPostgres, serverVersion } from './running-postgres.js';

const fixture = (name: string) => join(__dirname, 'fixtures', name);

/** Runs a program to its end, and returns what it reports. */
async function run(name: string, given: object) {
  const { report, code, stderr } = await ChildProcess.run(fixture(name), { args: [JSON.stringify(given)] });
  if (code !== 0) throw new Error(`${name} ended with ${code}\n${stderr}`);
  return report;
}

let postgres: RunningPostgres;
let bouncer: RunningPgBouncer;
beforeAll(async () => {
  postgres = await RunningPostgres.start();
  bouncer = await RunningPgBouncer.start(postgres);
});
afterAll(async () => {
  await bouncer?.stop();
  await postgres?.stop();
});

const DIRECT_TLS: [string, () => object] = [
  'direct TLS',
  () => ({
    ...postgres.options,
    host: 'localhost',
    ssl: { ca: postgres.certificate },
    sslnegotiation: 'direct',
  }),
];

const WAYS: [string, () => object][] = [
  ['TCP', () => postgres.options],
  ['TLS', () => ({ ...postgres.options, host: 'localhost', ssl: { ca: postgres.certificate } })],
  // From PostgreSQL 17 on.
  ...(serverVersion() >= 17 ? [DIRECT_TLS] : []),
  ['a unix socket', () => ({ ...postgres.options, host: postgres.folder })],
  ['PgBouncer in transaction mode', () => bouncer.options],
];

test.each(WAYS)('statements end with their caller, and keep their connections, over %s', async (way, options) => {
  const report = await run('scenes.mjs', { options: options(), watch: postgres.options });
  const ended = ['deadline', 0, 0];
  const done = ['done', 0, 0];
  expect(report).toEqual({
    simple: ended,
    'with parameters': ended,
    prepared: ended,
    'prepared, again': done,
    'with a callback': ended,
    'hang-up': ['cancelled', 0, 0],
    'on a held client': ended,
    'in a transaction': ended,
    'half of it': done,
    refused: ended,
    'COMMIT, late': done,
    'the queue of the pool': ended,
    'in time': done,
  });
  if (way.startsWith('PgBouncer')) expect(bouncer.gone).toBe(false);
});

/** Nobody who stays is harmed, and nothing is left behind. */
const NO_HARM = {
  harmed: 0,
  wrongRows: 0,
  removed: 0,
  unexpected: {},
  halfTransactions: 0,
  lostCommits: 0,
  unmeantCommits: 0,
  waiting: 0,
};

const COUNT = Number(process.env.DATABASES_COUNT ?? 20_000);

test.each(WAYS)('many statements with random ends on a pool of 10: none is harmed, over %s', async (way, options) => {
  const count = way === 'TCP' ? COUNT : COUNT / 10;
  const report = await run('stress.mjs', { options: options(), count });
  // PgBouncer has connections of its own to the server.
  const alive = way.startsWith('PgBouncer') ? expect.any(Number) : 10;
  expect(report).toMatchObject({ ...NO_HARM, alive });
  const { stayed, ended, inTime, committed, rolledBack } = report;
  expect(stayed + ended + inTime + committed + rolledBack).toBe(count);
  // The ends meet the statements: neither all are in time nor none.
  for (const kind of [ended, inTime, committed, rolledBack]) expect(kind).toBeGreaterThan(0);
});

test('the control: without the wait for the end of the cancel, others are harmed', async () => {
  const report = await run('stress.mjs', { options: postgres.options, count: 4_000, withoutHold: true });
  expect(Object.keys(report.unexpected).join()).toContain('57014');
});

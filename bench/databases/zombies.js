import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { printTable } from '../table.js';
import { hasPostgres, startPostgres } from './postgres.js';

/** How long a caller waits, in ms. */
const PATIENCE = 200;
const SAMPLE_MS = 20;

const SET_UPS = {
  'hang-up alone': {},
  'statement_timeout 1 s': { options: { statement_timeout: 1_000 } },
  'and connectionTimeoutMillis 1 s': { options: { statement_timeout: 1_000, connectionTimeoutMillis: 1_000 } },
  "ours, 'refuse'": { config: { databases: { pg: 'refuse' } } },
  ours: { config: {} },
};

/**
 * Prints how much a database works for callers who have gone, when each second 20 callers ask for 2 s of it and wait for
 * 200 ms, and what is left for 20 others who ask for 5 ms.
 *
 * @param {{ seconds: number, hangUps: number }} load
 */
export async function databaseZombies({ seconds, hangUps }) {
  if (!hasPostgres())
    return console.log('\ndatabases: left out, PostgreSQL is not installed (test/databases/install.sh)');
  const postgres = await startPostgres();
  try {
    const rows = [];
    for (const [name, setUp] of Object.entries(SET_UPS))
      rows.push([name, ...(await measure(postgres, setUp, seconds))]);
    printTable(
      `databases: 20 slow and 20 fast requests a second for ${seconds} s, a pool of 10`,
      ['', 'work, s', 'for nobody, s', 'for nobody, %', 'fast in time', 'goes on for, ms'],
      rows,
    );
    if (hangUps > 0) await printHangUps(postgres, hangUps);
  } finally {
    await postgres.stop();
  }
}

async function measure(postgres, setUp, seconds) {
  const service = await startService(postgres, setUp);
  const watch = new Watch(postgres.options);
  await watch.start();
  const fast = [];
  const began = performance.now();
  for (let i = 0; i < seconds * 20; i++) {
    await pause(Math.max(began + i * 50 - performance.now(), 0));
    watch.gone.set(i, performance.now() + PATIENCE);
    void call(service.port, `/slow?${i}`, PATIENCE);
    fast.push(call(service.port, '/fast', PATIENCE));
  }
  const good = (await Promise.all(fast)).filter((status) => status === 200).length;
  const ended = performance.now();
  await watch.untilIdle();
  await watch.stop();
  await service.stop();
  const { work, forNobody, lastSeen } = watch;
  const percent = work === 0 ? 0 : (100 * forNobody) / work;
  return [
    (work / 1_000).toFixed(1),
    (forNobody / 1_000).toFixed(2),
    percent.toFixed(1),
    (good / fast.length).toFixed(2),
    Math.max(lastSeen - ended, 0).toFixed(0),
  ];
}

/** Adds up what the database works, and for whom, by looking at it every 20 ms. */
class Watch {
  work = 0;
  forNobody = 0;
  lastSeen = 0;
  /** When the caller of each request goes. */
  gone = new Map();
  #client;
  #stopped = false;
  #loop;

  constructor(options) {
    this.#client = new pg.Client(options);
  }

  async start() {
    await this.#client.connect();
    this.#loop = this.#sample();
  }

  async #sample() {
    for (let last = performance.now(); !this.#stopped; ) {
      await pause(SAMPLE_MS);
      const ids = await this.running();
      const at = performance.now();
      for (const id of ids) {
        this.work += at - last;
        this.forNobody += Math.min(Math.max(at - (this.gone.get(id) ?? at), 0), at - last);
        this.lastSeen = at;
      }
      last = at;
    }
  }

  async running() {
    const { rows } = await this.#client.query(
      `select substring(query from 'slow (\\d+)')::int as id from pg_stat_activity
       where state = 'active' and query like 'select pg_sleep(2)%'`,
    );
    return rows.map(({ id }) => id);
  }

  async untilIdle() {
    do await pause(200);
    while (performance.now() - this.lastSeen < 500);
  }

  async stop() {
    this.#stopped = true;
    await this.#loop;
    await this.#client.end();
  }
}

/** How long a statement is seen on the server after its caller has hung up. */
async function printHangUps(postgres, count) {
  const service = await startService(postgres, { config: {} });
  const watch = new Watch(postgres.options);
  await watch.start();
  const times = [];
  for (let i = 0; i < count; i++) {
    const id = 1_000_000 + i;
    const hungUp = call(service.port, `/slow?${id}`, 60 + Math.random() * 40).then(() => performance.now());
    const at = await hungUp;
    while ((await watch.running()).includes(id));
    times.push(performance.now() - at);
  }
  await watch.stop();
  await service.stop();
  times.sort((one, other) => one - other);
  const quantile = (q) => times[Math.min(Math.floor(q * times.length), times.length - 1)].toFixed(1);
  printTable(
    `databases: ms from the hang-up until the statement is gone from pg_stat_activity, ${count} times`,
    ['p50', 'p90', 'p99', 'max'],
    [[quantile(0.5), quantile(0.9), quantile(0.99), quantile(1)]],
  );
}

async function startService(postgres, { options, config }) {
  const given = JSON.stringify({ options: { ...postgres.options, ...options }, config });
  const child = fork(join(import.meta.dirname, 'service.js'), [given]);
  const [port] = await once(child, 'message');
  const stop = async () => {
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  };
  return { port, stop };
}

/** The status of an answer; `undefined` when the caller has hung up first, after `patience` ms. */
function call(port, path, patience) {
  return new Promise((resolve) => {
    const request = http.get({ port, path, agent: false }, (response) => {
      clearTimeout(timer);
      response.resume().on('end', () => resolve(response.statusCode));
    });
    const timer = setTimeout(() => {
      request.destroy();
      resolve(undefined);
    }, patience);
    request.on('error', () => resolve(undefined));
  });
}

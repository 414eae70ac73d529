import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { printTable } from '../table.js';
import { callAndWait, queryDurations } from './impatient-caller.js';
import { withServices } from './service-processes.js';

const BUDGET_MS = 200;
const STATIC_TIMEOUT_MS = 5_000;
const SLOW_HOPS = 3;
const LONG_QUERY_MS = 3_000;

const OURS_AT_EDGE = JSON.stringify({ server: { trust: false, defaultBudget: BUDGET_MS } });
const CHAINS = [
  {
    name: 'static timeouts of 5 s',
    stops: false,
    setUp: 'stock',
    settings: { STATIC_TIMEOUT: String(STATIC_TIMEOUT_MS) },
  },
  { name: 'ours', stops: true, setUp: 'ours', settings: {}, atEdge: { DEADLINE_OPTIONS: OURS_AT_EDGE } },
];

/**
 * The work of the services behind an edge for callers that have gone away: each caller waits 200 ms, then hangs up.
 * Nine requests of ten would be in time if they were the only ones, but each service has only two database connections.
 *
 * @param {{ rounds: number, roundMs: number, perSecond: number }} load the chains take turns with their rounds
 */
export async function zombies({ rounds, roundMs, perSecond }) {
  await withServices(async (start) => {
    const chains = await Promise.all(CHAINS.map((chain) => startChain(start, chain)));
    // The first round warms up.
    for (let i = 0; i <= rounds; i++) {
      for (const chain of chains) {
        const figures = await round(chain, roundMs, perSecond, i);
        if (i > 0) for (const key of Object.keys(figures)) chain.sums[key] += figures[key];
      }
    }
    for (const chain of chains) await check(chain);
    printTable(
      `zombies: work of ${SLOW_HOPS} services behind an edge whose callers wait ${BUDGET_MS} ms; target: at most 1 %`,
      ['', 'requests', 'answered in time', 'work, ms', 'after the caller had gone, ms', 'share'],
      chains.map(row),
    );
  });
}

async function startChain(start, { name, stops, setUp, settings, atEdge }) {
  const hops = [];
  for (let i = 0; i < SLOW_HOPS; i++) {
    hops.unshift(await start('slow-hop', { setUp, settings: { ...settings, ...next(hops) } }));
  }
  const edge = await start('edge', { setUp, settings: { ...settings, ...next(hops), ...atEdge } });
  return { name, stops, edge, hops, sums: { requests: 0, answered: 0, work: 0, zombie: 0 } };
}

const next = ([hop]) => (hop === undefined ? {} : { NEXT_PORT: String(hop.port) });

/** Sends requests at a steady rate, whether or not they are answered, and adds up the work of the services. */
async function round({ edge, hops }, roundMs, perSecond, seed) {
  const count = Math.ceil((roundMs / 1e3) * perSecond);
  const start = performance.now();
  const callers = [];
  for (let i = 0; i < count; i++) {
    const due = start + (i * 1e3) / perSecond;
    if (due > performance.now()) await delay(due - performance.now());
    const durations = queryDurations(seed * count + i, 2 * SLOW_HOPS);
    callers.push(callAndWait(edge.port, [`${seed}-${i}`, ...durations], BUDGET_MS));
  }
  const gone = new Map();
  let answered = 0;
  for (const { id, at, inTime } of await Promise.all(callers)) {
    gone.set(id, at);
    if (inTime) answered++;
  }
  await idle(hops);
  const sums = { requests: count, answered, work: 0, zombie: 0 };
  for (const hop of hops) {
    for (const { id, start: began, end } of await hop.ask('takeWork')) {
      const at = gone.get(id);
      sums.work += end - began;
      sums.zombie += Math.max(end - Math.max(began, at), 0);
    }
  }
  return sums;
}

/** Waits until no service has a request in flight. */
async function idle(hops) {
  for (let waited = 0; waited < 2 * STATIC_TIMEOUT_MS; waited += 20) {
    const inFlight = await Promise.all(hops.map((hop) => hop.ask('inFlight')));
    if (inFlight.every((count) => count === 0)) return;
    await delay(20);
  }
  throw new Error('the services still have requests in flight');
}

/** Checks that a query goes on after its caller has gone away, or ends with it. */
async function check({ name, edge, hops, stops }) {
  const last = hops.at(-1);
  // On a busy machine a request may run out of time before its long query begins.
  for (let attempt = 0; attempt < 10; attempt++) {
    const { at } = await callAndWait(edge.port, ['check', 1, 1, 1, 1, LONG_QUERY_MS, 1], BUDGET_MS);
    await idle(hops);
    const [query] = await last.ask('takeWork');
    if (query === undefined) continue;
    const late = query.end - at;
    assert.equal(late < LONG_QUERY_MS / 2, stops, `${name}: the query ended ${late} ms after its caller had gone`);
    return;
  }
  assert.fail(`${name}: no request reaches the last service`);
}

function row({ name, sums }) {
  const percent = (part, whole) => `${((100 * part) / whole).toFixed(2)} %`;
  return [
    name,
    String(sums.requests),
    percent(sums.answered, sums.requests),
    sums.work.toFixed(0),
    sums.zombie.toFixed(0),
    percent(sums.zombie, sums.work),
  ];
}

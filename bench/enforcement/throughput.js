import assert from 'node:assert/strict';
import { Pool } from 'undici';
import { BUDGET_MS, baggageField, TRACEPARENT } from '../headers.js';
import { printTable } from '../table.js';
import { withServices } from './service-processes.js';

const CONNECTIONS = 16;
const HEADERS = { traceparent: TRACEPARENT, baggage: baggageField(3), timebudget: String(BUDGET_MS) };

/**
 * @typedef {object} Load
 * @property {number} starts how often the servers are started: V8 compiles each process differently
 * @property {number} rounds of each set-up after each start
 * @property {number} roundMs
 * @property {number} warmUpRounds untimed rounds of each set-up after each start
 */

/** @type {Load} */
export const FULL_LOAD = { starts: 6, rounds: 10, roundMs: 1000, warmUpRounds: 3 };
/** @type {Load} */
export const SMOKE_LOAD = { starts: 1, rounds: 2, roundMs: 100, warmUpRounds: 1 };

/**
 * Requests per second through a server that makes one call for each, with OpenTelemetry's own set-up and with ours. The
 * two take turns, in rounds that are long enough for several garbage collections. Each round is compared with the round
 * of the other set-up next to it, because a disturbance of the machine hits both.
 *
 * @param {Load} load
 */
export async function throughput(load) {
  const rounds = { stock: [], ours: [] };
  for (let i = 0; i < load.starts; i++) {
    await withServices(async (start) => {
      const { port } = await start('downstream');
      const settings = { DOWNSTREAM_PORT: String(port) };
      const relays = [];
      // One after the other, in changing order: the process that starts second gets the slower core.
      for (const setUp of inTurn(Object.keys(rounds), i)) relays.push(await startRelay(start, setUp, settings));
      try {
        for (const relay of relays) await check(relay);
        await takeTurns(relays, load.warmUpRounds, load.roundMs);
        await takeTurns(relays, load.rounds, load.roundMs, rounds);
      } finally {
        await Promise.all(relays.map(({ pool }) => pool.destroy()));
      }
    });
  }
  print(rounds);
}

async function takeTurns(relays, count, roundMs, results) {
  for (let i = 0; i < count; i++) {
    for (const relay of inTurn(relays, i)) {
      const result = await round(relay, roundMs);
      results?.[relay.setUp].push(result);
    }
  }
}

function inTurn(items, i) {
  return i % 2 === 0 ? items : items.toReversed();
}

async function startRelay(start, setUp, settings) {
  const service = await start('relay', { setUp, settings });
  const pool = new Pool(`http://127.0.0.1:${service.port}`, { connections: CONNECTIONS });
  return { setUp, service, pool };
}

/** Checks that both servers do the work for which they are timed. */
async function check({ setUp, pool }) {
  const { statusCode, body } = await pool.request({ path: '/stock', method: 'GET', headers: HEADERS });
  assert.equal(statusCode, 200);
  const { relayed } = await body.json();
  assert.equal(relayed.traceparent.split('-')[1], TRACEPARENT.split('-')[1]);
  assert.equal(relayed.baggage, HEADERS.baggage);
  if (setUp === 'stock') assert.equal(relayed.timebudget, undefined);
  else assert.ok(Number(relayed.timebudget) > 0 && Number(relayed.timebudget) <= BUDGET_MS, relayed.timebudget);
}

async function round({ service, pool }, roundMs) {
  let requests = 0;
  const cpuBefore = await service.ask('cpu');
  const start = performance.now();
  const connection = async () => {
    while (performance.now() - start < roundMs) {
      const { statusCode, body } = await pool.request({ path: '/stock', method: 'GET', headers: HEADERS });
      await body.dump();
      assert.equal(statusCode, 200);
      requests++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  const seconds = (performance.now() - start) / 1e3;
  return { perSecond: requests / seconds, cpuMicros: (((await service.ask('cpu')) - cpuBefore) * 1e3) / requests };
}

function print({ stock, ours }) {
  printTable(
    'throughput: http server with one http call, medians; target: ratio at least 0.95',
    ['', 'stock', 'ours', 'ratio', 'quartiles'],
    [
      row('requests/s', stock, ours, ({ perSecond }) => perSecond),
      row("server's CPU for a request, 1/ms", stock, ours, ({ cpuMicros }) => 1e3 / cpuMicros),
    ],
  );
}

/** @param rateOf the rate of a round; more is better */
function row(name, stock, ours, rateOf) {
  const [theirRates, ourRates] = [stock, ours].map((rounds) => rounds.map(rateOf));
  const ratios = ourRates.map((rate, i) => rate / theirRates[i]);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(3));
  const [theirs, own] = [theirRates, ourRates].map((rates) => quantile(rates, 0.5).toPrecision(4));
  return [name, theirs, own, middle, `${low} to ${high}`];
}

function quantile(values, share) {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];
}

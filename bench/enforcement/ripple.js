import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { printTable } from '../table.js';
import { withServices } from './service-processes.js';
import { clock } from './services/machine-clock.cjs';

/** The transport of each call in the chain, from the client's call on. */
const TRANSPORTS = ['http', 'fetch', 'grpc', 'http', 'fetch'];

/**
 * Two chains of the same five processes: one in which each service forwards the hang-up by hand, and one with this
 * package.
 */
const CHAINS = [
  { name: 'by hand, no OpenTelemetry', code: 'by hand', options: { settings: { BY_HAND: 'yes' } } },
  { name: 'ours', code: 'CANCELLED', options: { setUp: 'ours' } },
];

/**
 * The time from the client's hang-up at hop 1 until the last hop notices it. The chains take turns.
 *
 * @param {{ runs: number, warmUpRuns: number }} effort
 */
export async function ripple({ runs, warmUpRuns }) {
  await withServices(async (start) => {
    const chains = [];
    for (const chain of CHAINS) chains.push(await startChain(start, chain));
    for (let run = 0; run < warmUpRuns + runs; run++) {
      for (const chain of run % 2 === 0 ? chains : chains.toReversed()) chain.times.push(await hangUp(chain, run));
    }
    for (const chain of chains) await checkNothingLeft(chain, warmUpRuns + runs);
    printTable(
      `ripple: ms from the hang-up at hop 1 to the abort at hop 5, over ${TRANSPORTS.join(', ')}; ${runs} runs; ` +
        'target: p99 at most 15',
      ['', 'p50', 'p99', 'longest'],
      chains.map(({ name, times }) => row(name, times.slice(warmUpRuns))),
    );
  });
}

async function startChain(start, { name, code, options }) {
  const hops = [];
  // The last hop first: each needs the port of the next one.
  for (let i = TRANSPORTS.length - 1; i >= 0; i--) {
    const settings = { ...options.settings, SERVED_OVER: TRANSPORTS[i] };
    if (hops.length > 0) Object.assign(settings, { CALLS_OVER: TRANSPORTS[i + 1], NEXT_PORT: String(hops[0].port) });
    hops.unshift(await start('ripple-hop', { ...options, settings }));
  }
  return { name, code, hops, times: [] };
}

/** The ms from the client's hang-up to the last hop's notice. */
async function hangUp({ code, hops }, run) {
  const last = hops.at(-1);
  const arrival = last.hear(`arrival ${run}`);
  const request = http.get({ host: '127.0.0.1', port: hops[0].port, path: `/${run}`, agent: false });
  request.on('error', () => {});
  await arrival;
  // Not at once: the hops may still be busy with the end of their calls.
  await delay(5 + (run % 10));
  const end = last.hear(`end ${run}`);
  const start = clock();
  request.destroy();
  const { at, code: got } = await end;
  assert.equal(got, code);
  return at - start;
}

/** Checks that no hop serves a call any more, and that each call ended with the right error. */
async function checkNothingLeft({ name, hops }, runs) {
  for (const [i, hop] of hops.entries()) {
    let state = await hop.ask('state');
    for (let waited = 0; state.inFlight > 0 && waited < 2_000; waited += 10) {
      await delay(10);
      state = await hop.ask('state');
    }
    assert.equal(state.inFlight, 0, `${name}: hop ${i + 1} still serves`);
    const ended = Object.values(state.endedBy).reduce((sum, count) => sum + count, 0);
    assert.equal(ended, i === hops.length - 1 ? 0 : runs, `${name}: hop ${i + 1}'s calls: ${JSON.stringify(state)}`);
  }
}

function row(name, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (q) => sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)];
  return [name, ...[0.5, 0.99, 1].map((q) => quantile(q).toFixed(2))];
}

import assert from 'node:assert/strict';
import { withServices } from '../enforcement/service-processes.js';
import { certificate } from './certificate.js';
import { RETRY_AFTER_MS } from './scene.js';
import { SET_UPS } from './set-ups.js';

/** The services of this benchmark, as seen from those that {@link withServices} knows. */
const SERVICES = '../../overload/services';
/** A run in which the generator was later than this with one call of a hundred shows the generator, not the server. */
const LARGEST_LAG_MS = 10;
const ATTEMPTS = 4;
const CLOSED_LOOP_CALLERS = 16;

/**
 * @typedef {object} Effort
 * @property {number} scale of the duration of each run
 * @property {number} warmUpSeconds
 * @property {{ rounds: number, seconds: number }} capacity of a closed loop
 * @property {number} attempts to make a run in which the generator keeps up
 *
 * @typedef {object} Job what the generator does
 * @property {'http' | 'https' | 'http2' | 'grpc'} over
 * @property {number} port
 * @property {boolean} [kept]
 * @property {boolean} [body]
 * @property {string} [certificate]
 * @property {boolean} [health]
 * @property {{ budget?: number, patience: number, share: number, polls?: boolean }[]} callers
 * @property {{ perSecond: number, seconds: number }[]} phases
 * @property {{ callers: number, seconds: number, rounds: number }} [closedLoop] in place of the phases
 * @property {{ callers: number, seconds: number }} warmUp
 * @property {number} retries
 * @property {number} retryAfter ms
 * @property {number} seed
 *
 * @typedef {object} Result
 * @property {number[]} latencies of the good answers, in ms
 * @property {number} refused answers other than 200
 * @property {number} failed connections that broke
 * @property {{ sent: number, good: number }[]} kinds the calls by kind of caller
 * @property {{ sent: number, good: number }[]} slots the calls by half-second of the arrival
 * @property {number[]} answers good ones, second by second
 * @property {number[]} [health] latencies of the health checks, in ms
 * @property {number} nobody the share of the finished handlers whose callers had gone
 * @property {number} lag how late calls were begun, p99 in ms
 * @property {boolean} valid whether the generator kept up
 */

/** @type {Effort} */
export const FULL_EFFORT = { scale: 1, warmUpSeconds: 1, capacity: { rounds: 3, seconds: 1 }, attempts: ATTEMPTS };
/** @type {Effort} */
export const SMOKE_EFFORT = { scale: 0.1, warmUpSeconds: 0.05, capacity: { rounds: 1, seconds: 0.2 }, attempts: 1 };

/**
 * The most answers a second for callers that call again when they have been answered.
 *
 * @param {import('./scene.js').Scene} scene
 * @param {string} setUp
 * @param {Effort} effort
 * @param {number} [callers]
 * @returns {Promise<number>}
 */
export async function closedLoop(scene, setUp, effort, callers = CLOSED_LOOP_CALLERS) {
  const loop = { callers, ...effort.capacity };
  return withScene(scene, setUp, effort, { closedLoop: loop }, ({ result }) => result.perSecond);
}

/**
 * A run with new processes, and more of them while the generator lags.
 *
 * @param {import('./scene.js').Scene} scene
 * @param {string} setUp
 * @param {Effort} effort
 * @param {{ phases: { perSecond: number, seconds: number }[], seed: number }} load
 * @returns {Promise<Result>}
 */
export async function openLoop(scene, setUp, effort, load) {
  for (let attempt = 1; ; attempt++) {
    const result = await withScene(scene, setUp, effort, load, measured);
    if (result.valid || attempt === effort.attempts) return result;
  }
}

async function measured({ result, services }) {
  const good = result.latencies.length;
  const counts = await Promise.all(services.map((service) => service.ask('counts')));
  for (const { started, finished } of counts) {
    assert.ok(started >= finished && finished >= good, `${started} started, ${finished} finished, ${good} good`);
  }
  const lag = quantile(result.lags, 0.99);
  const nobody = Math.max(...counts.map(({ finished }) => (finished === 0 ? 0 : (finished - good) / finished)));
  return { ...result, lag, nobody, valid: lag <= LARGEST_LAG_MS };
}

/** Starts the services of a scene and a generator, and returns what `measure` makes of the generator's result. */
async function withScene(scene, setUp, effort, load, measure) {
  let outcome;
  await withServices(async (start) => {
    const services = await startServices(start, scene, setUp);
    const settings = { JOB: JSON.stringify(jobOf(scene, services[0].port, effort, load)) };
    const generator = await start(`${SERVICES}/generator`, { settings });
    const result = generator.hear('result');
    // The failure of the generator is reported by whichever is waited for first.
    result.catch(() => {});
    await generator.ask('start');
    outcome = await measure({ result: await result, services });
  });
  return outcome;
}

async function startServices(start, { services, over = 'http' }, setUp) {
  const started = [];
  // The last service first: the others need the port of the next one.
  for (const [i, steps] of [...services.entries()].reverse()) {
    const settings = { OVER: i === 0 ? over : 'http', STEPS: JSON.stringify(steps) };
    if (SET_UPS[setUp] !== undefined) settings.SERVER_OPTIONS = JSON.stringify(SET_UPS[setUp]);
    if (started.length > 0) settings.NEXT_PORT = String(started[0].port);
    if (settings.OVER === 'https')
      Object.assign(settings, { CERTIFICATE: certificate().certificate, KEY: certificate().key });
    started.unshift(await start(`${SERVICES}/server`, { settings }));
  }
  return started;
}

/** @returns {Job} */
function jobOf({ services, callers, over = 'http', kept, health, retries = 0 }, port, effort, load) {
  return {
    over,
    port,
    kept,
    health,
    retries,
    retryAfter: RETRY_AFTER_MS,
    body: services[0].some((step) => 'body' in step),
    ...(over === 'https' ? { certificate: certificate().certificate } : {}),
    callers: callers.map(({ patience, share = 1, ...caller }) => ({
      ...caller,
      patience: patience ?? caller.budget,
      share,
    })),
    warmUp: { callers: 4, seconds: effort.warmUpSeconds },
    ...load,
  };
}

/** @param {number[]} values */
export function quantile(values, share) {
  if (values.length === 0) return Number.NaN;
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];
}

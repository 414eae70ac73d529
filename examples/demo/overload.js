import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** For how long calls are made. */
const SECONDS = 3;
/** In ms: those that begin in it are counted together. */
const SLOT = 500;
/** Twice what the service can do. */
const CALLS_PER_SECOND = 200;
/** By how much a call may be begun too late, in ms. Later ones show a busy machine, and not the service. */
const LARGEST_LAG = 20;
/** How long a caller waits, in ms. It says so, and hangs up when the time is over. */
const PATIENCE = 200;

/**
 * Calls a service twice as often as it can answer. The calls come whether the others have been answered or not.
 *
 * @returns the calls that were answered in time, for a second, by the half-second in which they began (`good`), and
 *   whether this process kept up (`kept`)
 */
export async function overload(address, signal) {
  const good = new Array((SECONDS * 1e3) / SLOT).fill(0);
  const calls = [];
  let lateCalls = 0;
  const start = performance.now();
  for (const at of arrivals()) {
    const early = start + at - performance.now();
    if (early > 0) await pause(early, undefined, { signal });
    if (performance.now() - start - at > LARGEST_LAG) lateCalls++;
    calls.push(
      isAnswered(address).then((answered) => {
        if (answered) good[Math.floor(at / SLOT)] += 1e3 / SLOT;
      }),
    );
  }
  await Promise.all(calls);
  return { good, kept: lateCalls < calls.length / 100 };
}

/** The times of a Poisson process, in ms. */
function* arrivals() {
  for (let at = 0; ; ) {
    at -= Math.log(1 - Math.random()) * (1e3 / CALLS_PER_SECOND);
    if (at >= SECONDS * 1e3) return;
    yield at;
  }
}

/** Whether a call gets its answer before its caller hangs up. */
function isAnswered(address) {
  return new Promise((resolve) => {
    const request = http.get(`http://${address}/`, { agent: false, headers: { timebudget: String(PATIENCE) } });
    const timer = setTimeout(() => request.destroy(), PATIENCE);
    request.on('response', (response) => {
      response.on('error', () => {});
      response.resume().once('end', () => resolve(response.statusCode === 200));
    });
    request.on('error', () => {});
    request.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

/** The problems of the scene, in words; an empty list when all is well, or when the machine was too busy to tell. */
export function overloadProblems(without, withAdmission) {
  if (!isTellable([without, withAdmission])) return [];
  // In the first second the queue grows.
  const [one, other] = [without, withAdmission].map(({ good }) => good.slice(2).reduce((sum, count) => sum + count, 0));
  return other > 2 * one
    ? []
    : [`expected more good answers with admission, got ${other / 2} after ${one / 2} without`];
}

export function isTellable(runs) {
  return runs.every(({ kept }) => kept);
}

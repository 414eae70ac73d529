import http from 'node:http';
import { clock } from './services/machine-clock.cjs';

/** The duration of a query, in ms, and how often a query takes four times as long. */
const QUERY_MS = 16;
const SLOW_QUERIES = 0.1;

/**
 * Resolves when the caller has its answer, or no longer waits for it.
 *
 * @param {number} port the edge's
 * @param {[id: string, ...durations: number[]]} request
 * @param {number} patience ms
 * @returns {Promise<{ id: string, at: number, inTime: boolean }>} when that was, on {@link clock}
 */
export function callAndWait(port, [id, ...durations], patience) {
  return new Promise((resolve, reject) => {
    const path = `/${[id, ...durations].join('/')}`;
    const request = http.get({ host: '127.0.0.1', port, path, agent: false });
    const goneNow = (inTime) => {
      clearTimeout(timer);
      resolve({ id, at: clock(), inTime });
    };
    const timer = setTimeout(() => {
      goneNow(false);
      request.destroy();
    }, patience);
    request.once('response', (response) => {
      response.resume().once('end', () => {
        const { statusCode } = response;
        if (statusCode === 200 || statusCode === 504) goneNow(statusCode === 200);
        else reject(new Error(`request ${id} was answered with ${statusCode}`));
      });
    });
    // The answer to a caller that has hung up.
    request.on('error', () => goneNow(false));
  });
}

/** The durations of the queries for a request, in ms, some of them slow. The same seed gives the same durations. */
export function queryDurations(seed, count) {
  return Array.from({ length: count }, (_, i) => {
    const random = pseudoRandom(seed * count + i);
    return Math.round(QUERY_MS * (random < SLOW_QUERIES ? 4 : 0.5 + random));
  });
}

/**
 * In [0, 1). Multiplies by the golden ratio, as Knuth's multiplicative hash does, then mixes high bits into low ones.
 */
function pseudoRandom(n) {
  let mixed = Math.imul(n + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
}

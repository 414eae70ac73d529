import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * @typedef {object} Effort The amount of work for one figure.
 * @property {number} rounds timed rounds of each subject
 * @property {number} roundMs the length of a round
 * @property {number} warmUpRounds untimed rounds of each subject before
 */

/** @type {Effort} Many short rounds: on a busy machine, some of them are undisturbed. */
export const FULL = { rounds: 250, roundMs: 2, warmUpRounds: 60 };
/** @type {Effort} */
export const SMOKE = { rounds: 2, roundMs: 1, warmUpRounds: 2 };

/** Stores results, so that the compiler can't remove the work. */
export let sink;

/**
 * Times the subjects in turn, round by round, and keeps the best round of each: a disturbance of the machine then hits
 * all of them. Every second round runs backwards, so that no subject always follows the same one.
 *
 * @param {Record<string, () => unknown>} subjects
 * @param {Effort} effort
 * @returns {Promise<Record<string, number>>} ns a call, by the subject's name
 */
export async function alternate(subjects, { rounds, roundMs, warmUpRounds }) {
  const runs = Object.entries(subjects).map(([name, work]) => ({ name, work, calls: 1, best: Infinity }));
  // All subjects are warm before one is timed: they share code, which the compiler has then seen all uses of.
  for (let round = 0; round < warmUpRounds; round++) {
    for (const run of inTurn(runs, round)) {
      await nextTurn();
      run.calls = Math.ceil(roundMs / Math.max(time(run), 1e-5));
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const run of inTurn(runs, round)) {
      // As between two requests: the targets of WeakRefs may be collected.
      await nextTurn();
      run.best = Math.min(run.best, time(run));
    }
  }
  return Object.fromEntries(runs.map(({ name, best }) => [name, best * 1e6]));
}

function inTurn(runs, round) {
  return round % 2 === 0 ? runs : runs.toReversed();
}

/** The average time of one call in a round, in ms. */
function time({ work, calls }) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) sink = work();
  return (performance.now() - start) / calls;
}

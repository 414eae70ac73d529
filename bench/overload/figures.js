import { quantile } from './run-cell.js';

/** @typedef {import('./run-cell.js').Result} Result */

/** The length of a slot of a {@link Result}, in ms. */
const SLOT_MS = 500;

/**
 * @typedef {object} Figures of a set-up at a load; in JSON a figure that does not exist is null
 * @property {boolean} valid whether the generator kept up
 * @property {number} good the share of what stock can do that was answered in time
 * @property {number} goodPerSecond
 * @property {number} nobody the share of the finished handlers whose callers had gone
 * @property {number} refused the share of the calls that got another answer than 200
 * @property {number} p50 of the good answers, in ms
 * @property {number} p99
 * @property {number[]} served the share of the calls answered in time, by kind of caller
 * @property {number[]} answers good ones, second by second
 * @property {number} [recovery] the time from the fall of the load until 90 % are served, in ms; `Infinity`: to the end
 * @property {{ p50: number, p99: number }} [health] of the health checks, in ms
 *
 * @typedef {object} Row a load of a scene, or its throughput
 * @property {string} scene
 * @property {number} [load] in multiples of the capacity
 * @property {number} [capacity] what stock can do, in answers a second
 * @property {Record<string, Figures>} [figures] by set-up
 * @property {Record<string, number>[]} [throughput] the answers a second by set-up, run by run
 */

/**
 * @param {Result[]} runs of the same load
 * @param {number} capacity
 * @param {{ seconds: number }[]} phases
 * @returns {Figures}
 */
export function figuresOf(runs, capacity, phases) {
  const { latencies, kinds, refused, nobody, valid, answers, slots, health } = merge(runs);
  const seconds = runs.length * phases.reduce((total, phase) => total + phase.seconds, 0);
  const goodPerSecond = sum(kinds, 'good') / seconds;
  return {
    valid,
    good: goodPerSecond / capacity,
    goodPerSecond,
    nobody,
    refused: refused / Math.max(1, sum(kinds, 'sent')),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    served: kinds.map(({ sent, good }) => good / Math.max(1, sent)),
    answers,
    ...(phases.length > 1 ? { recovery: recovery(slots, phases[0].seconds * 1e3) } : {}),
    ...(health === undefined ? {} : { health: { p50: quantile(health, 0.5), p99: quantile(health, 0.99) } }),
  };
}

/** The start of the half-seconds in which at least 90 % of the arrivals were answered in time, to the end of the run. */
function recovery(slots, fall) {
  const after = slots.slice(Math.round(fall / SLOT_MS));
  const bad = after.findLastIndex(({ sent, good }) => good < 0.9 * sent);
  return bad === after.length - 1 ? Number.POSITIVE_INFINITY : (bad + 1) * SLOT_MS;
}

/**
 * What several runs of the same load have together.
 *
 * @param {Result[]} runs
 * @returns {Result}
 */
function merge(runs) {
  if (runs.length === 1) return runs[0];
  const [first] = runs;
  const total = (figure) => runs.reduce((value, run) => value + figure(run), 0);
  return {
    ...first,
    latencies: runs.flatMap(({ latencies }) => latencies),
    refused: total(({ refused }) => refused),
    failed: total(({ failed }) => failed),
    kinds: first.kinds.map((_, i) => ({
      sent: total(({ kinds }) => kinds[i].sent),
      good: total(({ kinds }) => kinds[i].good),
    })),
    nobody: total(({ nobody }) => nobody) / runs.length,
    valid: runs.every(({ valid }) => valid),
  };
}

/** The median of the throughput in ratio to stock. */
export function throughputRatio({ throughput }, setUp) {
  return quantile(
    throughput.map((run) => run[setUp] / run.stock),
    0.5,
  );
}

const sum = (counts, key) => counts.reduce((total, count) => total + count[key], 0);

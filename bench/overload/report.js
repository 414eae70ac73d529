import { quantile } from './run-cell.js';

/** @typedef {import('./run-cell.js').Result} Result */

/**
 * @typedef {object} Measured a load of a scene, and what came of it
 * @property {number} load in multiples of the capacity
 * @property {number} capacity what stock can do, in answers a second
 * @property {{ perSecond: number, seconds: number }[]} phases
 * @property {Record<string, Result[]>} results the runs of stock, and of the set-up that is compared with it
 */

/** The width of each column, and its title. The figures of both set-ups stand side by side: stock first. */
const COLUMNS = [
  [42, 'scene'],
  [5, 'load'],
  [8, 'capacity'],
  [13, 'good, share'],
  [7, 'target'],
  [15, 'for nobody, %'],
  [7, 'target'],
  [14, 'refused, %'],
  [13, 'p50, ms'],
  [13, 'p99, ms'],
];

export function printHead() {
  printLine(COLUMNS.map(([, title]) => title));
}

function printLine(cells) {
  const line = cells.map((cell, i) => (i === 0 ? cell.padEnd(COLUMNS[i][0]) : cell.padStart(COLUMNS[i][0])));
  console.log(`  ${line.join(' ')}`.trimEnd());
}

/**
 * @param {import('./scenes.js').Scene} scene
 * @param {Measured} measured
 */
export function printLoad(scene, { load, capacity, phases, results }) {
  const setUps = Object.keys(results);
  const merged = Object.values(results).map(merge);
  const sent = Math.max(1, ...merged.map(({ kinds }) => sum(kinds, 'sent')));
  const runs = results.stock.length;
  const possible = capacity * phases.reduce((total, { seconds }) => total + seconds, 0) * runs;
  const both = (figure) => merged.map((result) => (result.valid ? figure(result) : 'void')).join(' / ');
  const { good = {}, nobody } = scene.target;
  printLine([
    `${scene.name}: ${scene.title}`,
    phases.length === 1 ? `${load}x` : '',
    capacity.toFixed(0),
    both((result) => goodShare(result, possible).toFixed(2)),
    good[load] === undefined ? '' : `>=${good[load]}`,
    both((result) => percent(result.nobody)),
    nobody === undefined ? '' : `<=${percent(nobody)}`,
    both(({ refused }) => percent(refused / sent)),
    both(({ latencies }) => ms(quantile(latencies, 0.5))),
    both(({ latencies }) => ms(quantile(latencies, 0.99))),
  ]);
  for (const note of notes(scene, phases, setUps, merged)) console.log(`      ${note}`);
}

/**
 * The share of what stock can do that was answered in time.
 *
 * @param {Result} result
 * @param {number} possible
 */
export function goodShare({ kinds }, possible) {
  return sum(kinds, 'good') / possible;
}

/** The figures that only some scenes have, a line each. */
function* notes({ callers, health, calls, target }, phases, setUps, results) {
  const [stock, compared] = results;
  const beside = (figure) => setUps.map((setUp, i) => `${setUp} ${figure(results[i])}`).join(', ');
  const extra = target.extra === undefined ? '' : `; target: ${target.extra}`;
  if (callers.length > 1) {
    for (const [i, { budget }] of callers.entries()) {
      const name = budget === undefined ? 'no budget' : `budget ${budget} ms`;
      yield `${name}, served in time: ${beside(({ kinds }) => `${percent(kinds[i].good / Math.max(1, kinds[i].sent))} %`)}${extra}`;
    }
  }
  if (phases.length > 1) {
    yield `good answers, second by second: ${beside(({ answers }) => answers.join(' '))}`;
    const fall = phases[0].seconds * 1e3;
    yield `ms from the fall of the load until 90 % are served: ${beside((result) => recovery(result, fall))}${extra}`;
  }
  if (health) {
    const figure = ({ health: latencies }) => `${ms(quantile(latencies, 0.5))} / ${ms(quantile(latencies, 0.99))}`;
    yield `health checks, p50 / p99 ms: ${beside(figure)}${extra}`;
  }
  if (calls !== undefined) {
    const [theirs, ours] = [stock, compared].map(({ latencies }) => quantile(latencies, 0.99));
    yield `p99 in ratio to stock: ${(ours / theirs).toFixed(2)}${extra}`;
  }
}

/** The start of the half-seconds in which at least 90 % of the arrivals were answered in time, to the end of the run. */
function recovery({ slots }, fall) {
  const slotMs = 500;
  const after = slots.slice(Math.round(fall / slotMs));
  const bad = after.findLastIndex(({ sent, good }) => good < 0.9 * sent);
  return bad === after.length - 1 ? `more than ${after.length * slotMs}` : String((bad + 1) * slotMs);
}

/**
 * @param {import('./scenes.js').Scene} scene
 * @param {string} setUp
 * @param {Record<string, number>[]} runs the answers a second by set-up
 */
export function printSaturated({ name, title, target }, setUp, runs) {
  const median = (figure) => quantile(runs.map(figure), 0.5);
  const [theirs, ours] = ['stock', setUp].map((key) => median((run) => run[key]).toFixed(0));
  const ratio = median((run) => run[setUp] / run.stock).toFixed(2);
  const extra = target.extra === undefined ? '' : `; target: ${target.extra}`;
  console.log(`  ${name}: ${title}`);
  console.log(
    `      answers a second: stock ${theirs}, ${setUp} ${ours}; ratio, median of ${runs.length}: ${ratio}${extra}`,
  );
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

const sum = (counts, key) => counts.reduce((total, count) => total + count[key], 0);
const percent = (share) => (100 * share).toFixed(0);
const ms = (value) => (Number.isNaN(value) ? '-' : value.toFixed(0));

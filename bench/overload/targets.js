import { throughputRatio } from './figures.js';

/**
 * @typedef {object} Verdict
 * @property {keyof import('./scene.js').Target} figure
 * @property {string} target
 * @property {boolean} [met] `undefined`: the figure is void
 */

/**
 * What a row says about the targets of its scene.
 *
 * @param {import('./scene.js').Scene} scene
 * @param {import('./figures.js').Row} row
 * @param {string} setUp that is compared with stock
 * @returns {Verdict[]}
 */
export function verdicts({ target }, row, setUp) {
  if (row.throughput !== undefined) return [atLeast('throughput', throughputRatio(row, setUp), target.throughput)];
  const { stock, [setUp]: ours } = row.figures;
  // Below the loads of the targets a call now and then is late by chance.
  const hasTargets = target.good === undefined || row.load in target.good;
  const all = [
    atLeast('good', ours.good, target.good?.[row.load]),
    atMost('nobody', ours.nobody, hasTargets ? target.nobody : undefined),
    atLeast('each', Math.min(...ours.served), target.each?.[row.load]),
    atLeast('first', ours.served[0], target.first?.[row.load]),
    atMost('gain', ours.served.at(-1) / ours.served[0], target.gain),
    atMost('recovery', ours.recovery, target.recovery),
    atMost('health', ours.health?.p99, target.health),
    atMost('p99Ratio', ours.p99 / stock.p99, target.p99Ratio),
  ].filter(({ target: text }) => text !== undefined);
  const isValid = ours.valid && stock.valid;
  return isValid ? all : all.map((verdict) => ({ ...verdict, met: undefined }));
}

const atLeast = (figure, value, target) => verdict(figure, '>=', target, () => value >= target);
const atMost = (figure, value, target) => verdict(figure, '<=', target, () => value <= target);

function verdict(figure, sign, target, isMet) {
  if (target === undefined) return { figure };
  return { figure, target: `${sign}${Number(target.toFixed(2))}`, met: isMet() };
}

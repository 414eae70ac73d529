import { readFileSync, writeFileSync } from 'node:fs';
import { SCENES } from './scenes.js';

/**
 * @typedef {object} Run a run of the overload benchmark, as it is stored
 * @property {string} node the version of Node
 * @property {string} setUp that is compared with stock
 * @property {import('./figures.js').Row[]} rows
 */

/** Figures that are no numbers: in JSON both would be null. */
const WORDS = { Infinity: 'Infinity', NaN: 'NaN' };

/**
 * @param {string} file
 * @param {Run} run
 */
export function writeRun(file, run) {
  const text = JSON.stringify(run, (_, value) => (typeof value === 'number' ? (WORDS[value] ?? value) : value), 1);
  writeFileSync(file, `${text}\n`);
}

/**
 * @param {string} file
 * @returns {Run}
 */
export function readRun(file) {
  const run = JSON.parse(readFileSync(file, 'utf8'), (_, value) =>
    typeof value === 'string' && value in WORDS ? Number(value) : value,
  );
  const unknown = run.rows.find(({ scene }) => !SCENES.some(({ name }) => name === scene));
  if (unknown !== undefined) throw new RangeError(`${file}: there is no scene ${unknown.scene} any more`);
  return run;
}

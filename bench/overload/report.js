import { throughputRatio } from './figures.js';
import { quantile } from './run-cell.js';
import { verdicts } from './targets.js';

/** @typedef {import('./figures.js').Row} Row */

/** The width of each column, and its title. The figures of both set-ups stand side by side: stock first. */
const COLUMNS = [
  [42, 'scene'],
  [5, 'load'],
  [8, 'capacity'],
  [13, 'good, share'],
  [13, 'target'],
  [15, 'for nobody'],
  [13, 'target'],
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
 * @param {import('./scene.js').Scene} scene
 * @param {Row} row
 * @param {string} setUp that is compared with stock
 */
export function printRow(scene, row, setUp) {
  const all = verdicts(scene, row, setUp);
  const mark = (figure) => marked(all.find((verdict) => verdict.figure === figure));
  const title = `${scene.name}: ${scene.title}`;
  if (row.throughput === undefined) printLoad(title, scene, row, setUp, mark);
  else console.log(`  ${title}`);
  for (const [figure, text] of notes(scene, row, setUp)) console.log(`      ${text} ${mark(figure)}`.trimEnd());
}

function printLoad(title, { phases }, { load, capacity, figures }, setUp, mark) {
  const pair = [figures.stock, figures[setUp]];
  const both = (figure) => pair.map((each) => (each.valid ? figure(each) : 'void')).join(' / ');
  printLine([
    title,
    phases === undefined ? `${load}x` : '',
    capacity.toFixed(0),
    both(({ good }) => good.toFixed(2)),
    mark('good'),
    both(({ nobody }) => nobody.toFixed(2)),
    mark('nobody'),
    both(({ refused }) => percent(refused)),
    both(({ p50 }) => ms(p50)),
    both(({ p99 }) => ms(p99)),
  ]);
}

const marked = (verdict) => {
  if (verdict === undefined) return '';
  const { target, met } = verdict;
  return `${target} ${met === undefined ? 'void' : met ? 'met' : 'MISSED'}`;
};

/** The figures that only some scenes have, a line each, with the name of the target that they are compared with. */
function* notes({ callers, target, phases, health, calls }, row, setUp) {
  if (row.throughput !== undefined) {
    const median = (name) =>
      quantile(
        row.throughput.map((run) => run[name]),
        0.5,
      ).toFixed(0);
    const ratio = throughputRatio(row, setUp).toFixed(2);
    yield [
      'throughput',
      `answers a second: stock ${median('stock')}, ${setUp} ${median(setUp)}; ratio, median of ${row.throughput.length}: ${ratio}`,
    ];
    return;
  }
  const { stock, [setUp]: ours } = row.figures;
  const beside = (figure) => `stock ${figure(stock)}, ${setUp} ${figure(ours)}`;
  if (callers.length > 1) {
    for (const [i, { budget, polls }] of callers.entries()) {
      const name = polls ? 'long polls' : budget === undefined ? 'no budget' : `budget ${budget} ms`;
      // The targets of all kinds stand behind the last one.
      const figure = i === 0 ? 'first' : i < callers.length - 1 ? '' : 'gain' in target ? 'gain' : 'each';
      yield [figure, `${name}, share served in time: ${beside(({ served }) => served[i].toFixed(2))}`];
    }
  }
  if (phases !== undefined) {
    yield ['', `good answers, second by second: ${beside(({ answers }) => answers.join(' '))}`];
    yield ['recovery', `ms from the fall of the load until 90 % are served: ${beside(({ recovery }) => ms(recovery))}`];
  }
  if (health) {
    yield [
      'health',
      `health checks, p50 / p99 ms: ${beside((each) => `${ms(each.health.p50)} / ${ms(each.health.p99)}`)}`,
    ];
  }
  if (calls !== undefined) yield ['p99Ratio', `p99 in ratio to stock: ${(ours.p99 / stock.p99).toFixed(2)}`];
}

/**
 * How many targets were met, and which were not.
 *
 * @param {[import('./scene.js').Scene, Row][]} rows
 * @param {string} setUp
 */
export function printVerdict(rows, setUp) {
  const all = rows.flatMap(([scene, row]) =>
    verdicts(scene, row, setUp).map((verdict) => ({ ...verdict, where: `${scene.name} ${row.load ?? ''}`.trimEnd() })),
  );
  const named = (met) => all.filter((verdict) => verdict.met === met);
  const list = (some) => some.map(({ where, figure, target }) => `${where} ${figure} ${target}`).join('; ') || 'none';
  console.log(`\n  targets: ${named(true).length} met of ${all.length}`);
  console.log(`  missed: ${list(named(false))}\n  void: ${list(named(undefined))}`);
}

const percent = (share) => (100 * share).toFixed(0);
const ms = (value) => (value === null || Number.isNaN(value) ? '-' : value === Infinity ? 'never' : value.toFixed(0));

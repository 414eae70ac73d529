const AXIS_WIDTH = 60;
const MARGIN = 20;
const NAMES = 10;

/** The hops as a table: the service, its trace, its budget and its baggage. */
export function table(hops) {
  const rows = hops.map((hop) => [
    tree(hop),
    hop.transport ?? 'client',
    `${hop.traceId.slice(0, 8)}…`,
    hop.caller === undefined ? `gives ${ms(hop.budget)}` : ms(hop.budget),
    ms(hop.ended - hop.started),
    Object.entries(hop.baggage)
      .map((entry) => entry.join('='))
      .join(' ') || '–',
  ]);
  return grid([['service', 'called by', 'trace', 'budget on arrival', 'time spent', 'baggage'], ...rows], [3, 4]);
}

/**
 * A table of the times at which the handlers of the hops stopped.
 *
 * @param {number} from the instant from which the times are measured, in ms
 * @param {string} event the event at that instant
 */
export function stopTable(stops, from, event) {
  const rows = stops.map(({ service, at, code }) => [service, `${(at - from).toFixed(1)} ms`, code]);
  return grid([['stopped', `after ${event}`, 'because'], ...rows], [1]);
}

/** The hops on one time axis. The figure at the head of each bar is the budget of the hop. */
export function waterfall(hops) {
  const start = Math.min(...hops.map(({ started }) => started));
  const length = Math.max(...hops.map(({ ended }) => ended)) - start;
  const column = (instant) => Math.round(((instant - start) / length) * AXIS_WIDTH);
  const lines = hops.map((hop) => {
    // Each column is dark unless a call of this hop was under way.
    const bar = Array.from({ length: Math.max(column(hop.ended) - column(hop.started), 1) }, (_, i) => {
      const at = column(hop.started) + i;
      return hop.calls.some((call) => column(call.started) <= at && at < column(call.ended)) ? '░' : '█';
    });
    return `${hop.service.padEnd(NAMES)}${ms(hop.budget).padStart(MARGIN - NAMES - 1 + column(hop.started))} ${bar.join('')}`;
  });
  return [axis(length), ...lines, `${' '.repeat(MARGIN)}█ works   ░ waits for its call`];
}

const BLOCKS = '▁▂▃▄▅▆▇█';

/**
 * Good answers a second over time: a line for each run, with a block for each half-second and the figures behind it.
 *
 * @param {Record<string, { good: number[] }>} runs
 */
export function goodAnswers(runs) {
  const largest = Math.max(1, ...Object.values(runs).flatMap(({ good }) => good));
  const block = (good) => BLOCKS[Math.round((good / largest) * (BLOCKS.length - 1))].repeat(2);
  const rows = Object.entries(runs).map(([name, { good }]) => [name, good.map(block).join(''), ...good.map(String)]);
  const times = rows[0].slice(2).map((_, i) => `${(i + 1) / 2} s`);
  return grid(
    [['good answers/s', '', ...times], ...rows],
    [...times.keys()].map((i) => i + 2),
  );
}

/** A label at each round time. */
function axis(length) {
  const step = Math.max(100 * Math.round(length / 400), 100);
  let labels = ' '.repeat(MARGIN);
  for (let at = 0; at <= length; at += step) {
    labels = labels.padEnd(MARGIN + Math.round((at / length) * AXIS_WIDTH)) + ms(at);
  }
  return labels;
}

function tree({ service, caller }) {
  let branch = service;
  for (let above = caller; above !== undefined; above = above.caller) {
    branch = above === caller ? `└─ ${branch}` : `   ${branch}`;
  }
  return branch;
}

function grid(rows, alignedRight) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const cell = (text, i) => (alignedRight.includes(i) ? text.padStart(widths[i]) : text.padEnd(widths[i]));
  return rows.map((row) => row.map(cell).join('   ').trimEnd());
}

/** Rounded down, as on the wire; with a space between thousands. */
function ms(duration) {
  return `${String(Math.floor(duration)).replace(/\B(?=(\d{3})+$)/g, ' ')} ms`;
}

import { writeFileSync } from 'node:fs';

const FILE = new URL('../../docs/overload.svg', import.meta.url);
/** The scene of the picture, and the loads that a run for the picture alone measures. */
export const GRAPH_SCENE = 'cpu-10';
export const GRAPH_LOADS = [0.5, 1, 2, 4];

/** The area of the curves, in the units of the picture. */
const LEFT = 56;
const TOP = 16;
const WIDTH = 480;
const HEIGHT = 220;

/** The colours can be told from each other, and read, on white and on black. */
const STYLE = [
  'text { font: 13px sans-serif; fill: #59636e }',
  '.axis, .capacity { stroke: #8c959f; fill: none }',
  '.capacity { stroke-dasharray: 4 4 }',
  '.curve { fill: none; stroke-width: 2.5 }',
  '.stock { stroke: #cf222e } circle.stock, text.stock { fill: #cf222e }',
  '.ours { stroke: #1a7f37 } circle.ours, text.ours { fill: #1a7f37 }',
  'text.stock, text.ours { stroke: none }',
  '@media (prefers-color-scheme: dark) {',
  '  text { fill: #9198a1 }',
  '  .stock { stroke: #f85149 } circle.stock, text.stock { fill: #f85149 }',
  '  .ours { stroke: #3fb950 } circle.ours, text.ours { fill: #3fb950 }',
  '}',
].join('\n');

/**
 * Draws the good answers a second over the load into docs/overload.svg.
 *
 * @param {import('./stored-run.js').Run} run
 */
export function drawCollapse({ node, setUp, rows }) {
  const points = rows.filter(({ scene }) => scene === GRAPH_SCENE).sort((one, other) => one.load - other.load);
  if (points.length < 2) throw new RangeError(`expected loads of the scene ${GRAPH_SCENE}, got ${points.length}`);
  const isVoid = ({ figures }) => !(figures.stock.valid && figures[setUp].valid);
  if (points.some(isVoid)) throw new RangeError(`${GRAPH_SCENE} is void: the machine was too busy`);
  const curve = (name) => points.map(({ load, figures }) => ({ load, good: figures[name].goodPerSecond }));
  writeFileSync(FILE, picture(points[0].capacity, curve('stock'), curve(setUp), node));
  console.log('\ndrawn: docs/overload.svg');
}

function picture(capacity, stock, ours, node) {
  const largest = Math.max(capacity, ...[...stock, ...ours].map(({ good }) => good));
  const top = Math.ceil(largest / 20) * 20;
  const right = LEFT + WIDTH;
  const bottom = TOP + HEIGHT;
  const x = (load) => (LEFT + (load / stock.at(-1).load) * WIDTH).toFixed(1);
  const y = (good) => (bottom - (good / top) * HEIGHT).toFixed(1);
  const curve = (name, points) => [
    `<polyline class="curve ${name}" points="${points.map(({ load, good }) => `${x(load)},${y(good)}`).join(' ')}"/>`,
    ...points.map(({ load, good }) => `<circle class="${name}" cx="${x(load)}" cy="${y(good)}" r="3"/>`),
  ];
  const label = (name, text, { good }) =>
    `<text class="${name}" x="${right}" y="${Number(y(good)) - 10}" text-anchor="end">${text}</text>`;
  const middle = (text, at) => `<text ${at} text-anchor="middle">${text}</text>`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${right + 16} ${bottom + 48}" role="img">`,
    `<title>Good answers a second over the load, Node ${node}</title>`,
    `<style>\n${STYLE}\n</style>`,
    `<path class="axis" d="M${LEFT} ${TOP}V${bottom}H${right}"/>`,
    `<path class="capacity" d="M${LEFT} ${y(capacity)}H${right}"/>`,
    ...[0, ...stock.map(({ load }) => load)].map((load) => middle(`${load}x`, `x="${x(load)}" y="${bottom + 18}"`)),
    ...[0, top / 2, top].map(
      (good) => `<text x="${LEFT - 8}" y="${Number(y(good)) + 4}" text-anchor="end">${good}</text>`,
    ),
    middle('calls, in multiples of what the service can do (dashed)', `x="${LEFT + WIDTH / 2}" y="${bottom + 38}"`),
    middle('good answers a second', `transform="translate(14 ${TOP + HEIGHT / 2}) rotate(-90)"`),
    ...curve('stock', stock),
    ...curve('ours', ours),
    label('stock', 'without admission', stock.at(-1)),
    `<text class="ours" x="${right}" y="${Number(y(ours.at(-1).good)) + 22}" text-anchor="end">with admission</text>`,
    '</svg>',
  ].join('\n')}\n`;
}

import { writeFileSync } from 'node:fs';
import { closedLoop, openLoop } from './run-cell.js';
import { SCENES, SECONDS } from './scenes.js';

const FILE = new URL('../../docs/overload.svg', import.meta.url);
const SCENE = 'cpu-10';
const LOADS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];

/** The area of the curves, in the units of the picture. */
const LEFT = 56;
const TOP = 16;
const WIDTH = 480;
const HEIGHT = 220;

const STYLE = [
  'text { font: 13px sans-serif; fill: #57606a }',
  '.axis { stroke: #8c959f; fill: none }',
  '.curve { fill: none; stroke-width: 2.5 }',
  '.stock { stroke: #cf222e } text.stock { fill: #cf222e; stroke: none }',
  '.ours { stroke: #1a7f37 } text.ours { fill: #1a7f37; stroke: none }',
  '@media (prefers-color-scheme: dark) { text { fill: #9198a1 } }',
].join(' ');

/**
 * Draws the good answers a second over the offered load into docs/overload.svg.
 *
 * @param {string} setUp beside stock
 * @param {import('./run-cell.js').Effort} effort
 */
export async function drawCollapse(setUp, effort) {
  const scene = SCENES.find(({ name }) => name === SCENE);
  const capacity = await closedLoop(scene, 'stock', effort);
  const curves = { stock: [], [setUp]: [] };
  for (const load of LOADS) {
    const phases = [{ perSecond: load * capacity, seconds: SECONDS * effort.scale }];
    for (const [name, points] of Object.entries(curves)) {
      const { kinds, valid } = await openLoop(scene, name, effort, { phases, seed: 0 });
      if (!valid) throw new Error(`the machine is too busy: the generator lags at ${load}x`);
      points.push({ load, good: kinds[0].good / phases[0].seconds });
    }
  }
  writeFileSync(FILE, picture(capacity, curves.stock, curves[setUp]));
  console.log(`\ndrawn: docs/overload.svg, ${setUp} beside stock, ${scene.title}`);
}

function picture(capacity, stock, ours) {
  const largest = Math.max(capacity, ...[...stock, ...ours].map(({ good }) => good));
  const top = Math.ceil(largest / 20) * 20;
  const x = (load) => LEFT + (load / LOADS.at(-1)) * WIDTH;
  const y = (good) => TOP + HEIGHT - (good / top) * HEIGHT;
  const curve = (name, points) => {
    const path = points.map(({ load, good }) => `${x(load).toFixed(1)},${y(good).toFixed(1)}`).join(' ');
    return `<polyline class="curve ${name}" points="${path}"/>`;
  };
  const label = (name, text, { good }) =>
    `<text class="${name}" x="${LEFT + WIDTH}" y="${(y(good) - 8).toFixed(1)}" text-anchor="end">${text}</text>`;
  const bottom = TOP + HEIGHT;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 16} ${bottom + 48}" role="img">`,
    '<title>Good answers a second over the offered load</title>',
    `<style>${STYLE}</style>`,
    `<path class="axis" d="M${LEFT} ${TOP}V${bottom}H${LEFT + WIDTH}"/>`,
    ...[0, 1, 2, 3, 4].map((load) => `<text x="${x(load)}" y="${bottom + 18}" text-anchor="middle">${load}x</text>`),
    ...[0, top / 2, top].map((good) => `<text x="${LEFT - 8}" y="${y(good) + 4}" text-anchor="end">${good}</text>`),
    `<text x="${LEFT + WIDTH / 2}" y="${bottom + 38}" text-anchor="middle">calls, in multiples of what the service can do</text>`,
    `<text transform="translate(14 ${TOP + HEIGHT / 2}) rotate(-90)" text-anchor="middle">good answers a second</text>`,
    curve('stock', stock),
    curve('ours', ours),
    label('stock', 'OpenTelemetry alone', stock.at(-1)),
    label('ours', 'with this package', ours.at(-1)),
    '</svg>',
  ].join('\n')}\n`;
}

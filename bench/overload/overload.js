import { drawCollapse, GRAPH_LOADS, GRAPH_SCENE } from './collapse-graph.js';
import { figuresOf } from './figures.js';
import { printHead, printRow, printVerdict } from './report.js';
import { closedLoop, FULL_EFFORT, openLoop, SMOKE_EFFORT } from './run-cell.js';
import { LOADS, SECONDS } from './scene.js';
import { SCENES } from './scenes.js';
import { COMPARED, SET_UPS } from './set-ups.js';
import { readRun, writeRun } from './stored-run.js';

/** What a run takes beside its calls: the start of the processes, and the end of the last calls. */
const OVERHEAD_SECONDS = 1.5;
const SATURATED_RUNS = 5;

/**
 * @typedef {object} OverloadOptions
 * @property {boolean} smoke
 * @property {string[]} scenes by name; none: all of them
 * @property {string} [setUp] beside stock
 * @property {number[]} [loads] in place of those of the scenes
 * @property {boolean} [graph] whether docs/overload.svg is drawn; without scenes and without a file to read: nothing else
 * @property {string} [json] the file that the figures are written to
 * @property {string} [from] the file of an earlier run, in place of a new one
 */

/**
 * What a service does when it is asked for more than it can do: with OpenTelemetry alone, and with this package.
 *
 * @param {OverloadOptions} options
 */
export async function overload({ graph = false, json, ...options }) {
  const run = options.from === undefined ? await newRun({ graph, ...options }) : printed(readRun(options.from));
  if (json !== undefined) writeRun(json, run);
  if (graph) drawCollapse(run);
}

async function newRun({ smoke, scenes: names, setUp = COMPARED, loads, graph }) {
  if (loads?.some((load) => !(load > 0))) throw new RangeError(`expected loads such as 2,4, got ${loads}`);
  if (!(setUp in SET_UPS)) throw new RangeError(`expected ${Object.keys(SET_UPS).join(', ')}, got ${setUp}`);
  const effort = smoke ? SMOKE_EFFORT : FULL_EFFORT;
  const isForGraph = graph && names.length === 0;
  const scenes = chosen(isForGraph ? [GRAPH_SCENE] : names, smoke);
  const ownLoads = isForGraph ? GRAPH_LOADS : loads;
  const plans = scenes.map((scene) => ({ scene, plan: planOf(scene, smoke ? [2] : ownLoads) }));
  const seconds = plans.reduce((sum, { scene, plan }) => sum + secondsOf(scene, plan, effort), 0);
  console.log(`\noverload: ${setUp} beside stock; about ${Math.ceil(seconds / 60)} min`);
  printHead();
  const measured = [];
  for (const { scene, plan } of plans) {
    for await (const row of runScene(scene, plan, setUp, effort)) {
      measured.push([scene, row]);
      printRow(scene, row, setUp);
    }
  }
  printVerdict(measured, setUp);
  return { node: process.version, setUp, rows: measured.map(([, row]) => row) };
}

/** @param {import('./stored-run.js').Run} run */
function printed(run) {
  const { setUp, node } = run;
  console.log(`\noverload: ${setUp} beside stock, measured with Node ${node}`);
  printHead();
  const rows = run.rows.map((row) => [SCENES.find(({ name }) => name === row.scene), row]);
  for (const [scene, row] of rows) printRow(scene, row, setUp);
  printVerdict(rows, setUp);
  return run;
}

/** @param {string[]} names */
function chosen(names, smoke) {
  const known = SCENES.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`expected ${known.join(', ')}, got ${unknown}`);
  if (names.length > 0) return SCENES.filter(({ name }) => names.includes(name));
  return smoke ? SCENES.filter((scene) => scene.smoke) : SCENES;
}

/**
 * The loads of a scene, each with its phases.
 *
 * @param {import('./scene.js').Scene} scene
 * @param {number[]} [chosenLoads] in place of the scene's own
 */
function planOf({ loads = LOADS, phases, seconds = SECONDS, closedLoop: callers }, chosenLoads = loads) {
  if (callers !== undefined) return [];
  if (phases !== undefined) return [{ load: phases[0].load, phases }];
  return chosenLoads.map((load) => ({ load, phases: [{ load, seconds }] }));
}

/** @returns {AsyncGenerator<import('./figures.js').Row>} */
async function* runScene(scene, plan, setUp, effort) {
  if (scene.closedLoop !== undefined) {
    yield { scene: scene.name, throughput: await saturate(scene, setUp, effort) };
    return;
  }
  const capacity = await capacityOf(scene, effort);
  for (const { load, phases } of plan) {
    const rates = phases.map((phase) => ({ perSecond: phase.load * capacity, seconds: phase.seconds * effort.scale }));
    const results = { stock: [], [setUp]: [] };
    for (let run = 0; run < runsOf(scene, rates, effort); run++) {
      const order = run % 2 === 0 ? ['stock', setUp] : [setUp, 'stock'];
      for (const name of order) results[name].push(await openLoop(scene, name, effort, { phases: rates, seed: run }));
    }
    const figures = Object.entries(results).map(([name, runs]) => [name, figuresOf(runs, capacity, rates)]);
    yield { scene: scene.name, load, capacity, figures: Object.fromEntries(figures) };
  }
}

let smokeCapacity;

/** What stock can do. A smoke run measures it once. */
async function capacityOf(scene, effort) {
  if (effort !== SMOKE_EFFORT) return closedLoop(scene, 'stock', effort);
  smokeCapacity ??= await closedLoop(scene, 'stock', effort);
  return smokeCapacity;
}

/** The throughput, run by run. Each start of a server is a run, because V8 compiles each process differently. */
async function saturate(scene, setUp, effort) {
  const runs = [];
  for (let run = 0; run < (effort === SMOKE_EFFORT ? 1 : SATURATED_RUNS); run++) {
    const perSecond = {};
    for (const name of run % 2 === 0 ? ['stock', setUp] : [setUp, 'stock']) {
      perSecond[name] = await closedLoop(scene, name, effort, scene.closedLoop);
    }
    runs.push(perSecond);
  }
  return runs;
}

function runsOf({ calls }, rates, effort) {
  if (calls === undefined) return 1;
  const each = rates.reduce((sum, { perSecond, seconds }) => sum + perSecond * seconds, 0);
  return Math.ceil((calls * effort.scale) / each);
}

function secondsOf(scene, plan, effort) {
  const run = (seconds) => effort.warmUpSeconds + OVERHEAD_SECONDS + seconds;
  if (scene.closedLoop !== undefined) return 2 * SATURATED_RUNS * run(effort.capacity.rounds * effort.capacity.seconds);
  // The number of runs of a scene with `calls` is not known before the capacity is.
  const runs = scene.calls === undefined ? 1 : 4;
  const phases = plan.flatMap((load) => load.phases);
  return (
    run(effort.capacity.rounds * effort.capacity.seconds) +
    2 * runs * phases.reduce((sum, { seconds }) => sum + run(seconds * effort.scale), 0)
  );
}

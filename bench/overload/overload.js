import { drawCollapse } from './collapse-graph.js';
import { printHead, printLoad, printSaturated } from './report.js';
import { closedLoop, FULL_EFFORT, openLoop, SMOKE_EFFORT } from './run-cell.js';
import { LOADS, SCENES, SECONDS } from './scenes.js';
import { COMPARED, SET_UPS } from './set-ups.js';

/** What a run takes beside its calls: the start of the processes, and the end of the last calls. */
const OVERHEAD_SECONDS = 1.5;
const SATURATED_RUNS = 5;

/**
 * What a service does when it is asked for more than it can do: with OpenTelemetry alone, and with this package.
 *
 * @param {{ smoke: boolean, scenes: string[], setUp?: string, loads?: number[], graph?: boolean }} options
 */
export async function overload({ smoke, scenes: names, setUp = COMPARED, loads, graph = false }) {
  if (loads?.some((load) => !(load > 0))) throw new RangeError(`expected loads such as 2,4, got ${loads}`);
  if (!(setUp in SET_UPS)) throw new RangeError(`expected ${Object.keys(SET_UPS).join(', ')}, got ${setUp}`);
  const effort = smoke ? SMOKE_EFFORT : FULL_EFFORT;
  if (graph) return drawCollapse(setUp, effort);
  const scenes = chosen(names, smoke);
  const plans = scenes.map((scene) => ({ scene, plan: planOf(scene, smoke ? [2] : loads) }));
  const seconds = plans.reduce((sum, { scene, plan }) => sum + secondsOf(scene, plan, effort), 0);
  console.log(`\noverload: ${setUp} beside stock; about ${Math.ceil(seconds / 60)} min`);
  printHead();
  for (const { scene, plan } of plans) await runScene(scene, plan, setUp, effort);
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
 * @param {import('./scenes.js').Scene} scene
 * @param {number[]} [chosenLoads] in place of the scene's own
 */
function planOf({ loads = LOADS, phases, seconds = SECONDS, closedLoop: callers }, chosenLoads = loads) {
  if (callers !== undefined) return [];
  if (phases !== undefined) return [{ load: phases[0].load, phases }];
  return chosenLoads.map((load) => ({ load, phases: [{ load, seconds }] }));
}

async function runScene(scene, plan, setUp, effort) {
  if (scene.closedLoop !== undefined) return saturate(scene, setUp, effort);
  const capacity = await capacityOf(scene, effort);
  for (const { load, phases } of plan) {
    const rates = phases.map((phase) => ({ perSecond: phase.load * capacity, seconds: phase.seconds * effort.scale }));
    const results = { stock: [], [setUp]: [] };
    for (let run = 0; run < runsOf(scene, rates, effort); run++) {
      const order = run % 2 === 0 ? ['stock', setUp] : [setUp, 'stock'];
      for (const name of order) results[name].push(await openLoop(scene, name, effort, { phases: rates, seed: run }));
    }
    printLoad(scene, { load, capacity, phases: rates, results });
  }
}

let smokeCapacity;

/** What stock can do. A smoke run measures it once. */
async function capacityOf(scene, effort) {
  if (effort !== SMOKE_EFFORT) return closedLoop(scene, 'stock', effort);
  smokeCapacity ??= await closedLoop(scene, 'stock', effort);
  return smokeCapacity;
}

/** Compares the throughput. Each start of a server is a run, because V8 compiles each process differently. */
async function saturate(scene, setUp, effort) {
  const runs = [];
  for (let run = 0; run < (effort === SMOKE_EFFORT ? 1 : SATURATED_RUNS); run++) {
    const perSecond = {};
    for (const name of run % 2 === 0 ? ['stock', setUp] : [setUp, 'stock']) {
      perSecond[name] = await closedLoop(scene, name, effort, scene.closedLoop);
    }
    runs.push(perSecond);
  }
  printSaturated(scene, setUp, runs);
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

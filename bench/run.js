import { parseArgs } from 'node:util';
import { answer } from './answer/answer.js';
import { baggageUse, hostileBaggage } from './baggage.js';
import { databaseCost } from './databases/cost.js';
import { databaseZombies } from './databases/zombies.js';
import { ripple } from './enforcement/ripple.js';
import { FULL_LOAD, SMOKE_LOAD, throughput } from './enforcement/throughput.js';
import { zombies } from './enforcement/zombies.js';
import { hop } from './hop.js';
import { hostileTraceContext } from './hostile-trace-context.js';
import { FULL, SMOKE } from './measure.js';
import { memory } from './memory.js';
import { overload } from './overload/overload.js';
import { scope } from './scope.js';

/** It takes much longer than all others together, so it runs only when it is named, and in a smoke run. */
const OVERLOAD = 'overload';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    /** Of the overload benchmark: draws docs/overload.svg. */
    graph: { type: 'boolean', default: false },
    /** Of the overload benchmark: the file that the figures are written to. */
    json: { type: 'string' },
    /** Of the overload benchmark: such a file, in place of a new run. */
    from: { type: 'string' },
    /** Of the overload benchmark: what is compared with stock. */
    'set-up': { type: 'string' },
    /** Of the overload benchmark: the loads of all scenes without phases, such as `2,4`. */
    loads: { type: 'string' },
  },
});
const { smoke, graph, json, from, 'set-up': setUp } = values;
const loads = values.loads?.split(',').map(Number);
const effort = smoke ? SMOKE : FULL;
const tables = {
  hop: () => hop(effort),
  baggage: () => baggageUse(effort),
  hostile: async () => {
    await hostileBaggage(effort);
    await hostileTraceContext(effort);
  },
  scope: () => scope(effort),
  memory: () => memory(smoke ? 2_000 : 100_000),
  ripple: () => ripple(smoke ? { runs: 3, warmUpRuns: 1 } : { runs: 500, warmUpRuns: 50 }),
  throughput: () => throughput(smoke ? SMOKE_LOAD : FULL_LOAD),
  zombies: () => zombies({ rounds: smoke ? 1 : 5, roundMs: smoke ? 500 : 2_000, perSecond: 40 }),
  answer: () => answer({ seconds: smoke ? 1 : 10 }),
  databases: async () => {
    await databaseCost(smoke ? { rounds: 2, calls: 10 } : { rounds: 1_500, calls: 100 });
    await databaseZombies(smoke ? { seconds: 1, hangUps: 2 } : { seconds: 15, hangUps: 300 });
  },
  [OVERLOAD]: () => overload({ smoke, scenes, graph, json, from, setUp, loads }),
};

// What follows `overload` are names of its scenes.
const end = positionals.includes(OVERLOAD) ? positionals.indexOf(OVERLOAD) + 1 : positionals.length;
const [names, scenes] = [positionals.slice(0, end), positionals.slice(end)];
const unknown = names.find((name) => !(name in tables));
if (unknown !== undefined) throw new RangeError(`expected ${Object.keys(tables).join(', ')}, got ${unknown}`);
const standard = Object.keys(tables).filter((name) => smoke || name !== OVERLOAD);

console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}${smoke ? ', smoke run: the figures mean nothing' : ''}`,
);
for (const name of names.length > 0 ? names : standard) await tables[name]();

import { baggageUse, hostileBaggage } from './baggage.js';
import { ripple } from './enforcement/ripple.js';
import { FULL_LOAD, SMOKE_LOAD, throughput } from './enforcement/throughput.js';
import { zombies } from './enforcement/zombies.js';
import { hop } from './hop.js';
import { FULL, SMOKE } from './measure.js';
import { memory } from './memory.js';
import { scope } from './scope.js';

const SMOKE_FLAG = '--smoke';

const args = process.argv.slice(2);
const smoke = args.includes(SMOKE_FLAG);
const effort = smoke ? SMOKE : FULL;
const tables = {
  hop: () => hop(effort),
  baggage: () => baggageUse(effort),
  hostile: () => hostileBaggage(effort),
  scope: () => scope(effort),
  memory: () => memory(smoke ? 2_000 : 100_000),
  ripple: () => ripple(smoke ? { runs: 3, warmUpRuns: 1 } : { runs: 500, warmUpRuns: 50 }),
  throughput: () => throughput(smoke ? SMOKE_LOAD : FULL_LOAD),
  zombies: () => zombies({ rounds: smoke ? 1 : 5, roundMs: smoke ? 500 : 2_000, perSecond: 40 }),
};

const names = args.filter((arg) => arg !== SMOKE_FLAG);
const unknown = names.find((name) => !(name in tables));
if (unknown !== undefined)
  throw new RangeError(`expected ${Object.keys(tables).join(', ')} or ${SMOKE_FLAG}, got ${unknown}`);

console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}${smoke ? ', smoke run: the figures mean nothing' : ''}`,
);
for (const name of names.length > 0 ? names : Object.keys(tables)) await tables[name]();

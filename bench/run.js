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
  scope: () => scope(effort),
  memory: () => memory(smoke ? 2_000 : 100_000),
};

const names = args.filter((arg) => arg !== SMOKE_FLAG);
const unknown = names.find((name) => !(name in tables));
if (unknown !== undefined)
  throw new RangeError(`expected ${Object.keys(tables).join(', ')} or ${SMOKE_FLAG}, got ${unknown}`);

console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}${smoke ? ', smoke run: the figures mean nothing' : ''}`,
);
for (const name of names.length > 0 ? names : Object.keys(tables)) await tables[name]();

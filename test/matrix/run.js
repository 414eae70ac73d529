// npm run test:matrix [-- <part of a name> ...] [--results=<folder>]
// Runs the unit and end-to-end suites on each combination of Node and OpenTelemetry, one after the other, and fails if
// one of them does. jest's results are left in the folder, a file for each combination.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { combinations } from './combinations.js';
import { ROOT } from './line-folder.js';
import { runSuites } from './suites.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { results: { type: 'string' } } });
const results = resolve(values.results ?? join(ROOT, '.cache/matrix/results'));
mkdirSync(results, { recursive: true });

const lines = [];
for (const combination of select(positionals)) {
  const { name } = combination;
  console.log(`\n== ${name}`);
  const started = performance.now();
  const { on, counts, failures } = await runSuites(combination, join(results, `matrix-${name}.json`));
  const seconds = Math.round((performance.now() - started) / 1000);
  if (failures.length > 0) process.exitCode = 1;
  lines.push(
    `${failures.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${on}), ${seconds} s: ${counts ?? 'did not run'}`,
  );
  lines.push(...failures.map((failure) => `       ${failure}`));
}
console.log(`\n== matrix\n${lines.join('\n')}`);

/** The combinations whose names contain one of `parts`; all when there are none. */
function select(parts) {
  const names = combinations.map(({ name }) => name);
  for (const part of parts) {
    if (names.some((name) => name.includes(part))) continue;
    throw new RangeError(`no combination is called ${part}, expected a part of ${names.join(', ')}`);
  }
  return combinations.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
}

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const SNAPSHOTS = join(__dirname, 'public-declarations');

function builtDeclarations(): Record<string, string> {
  const script = join(ROOT, 'scripts/public-declarations.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

const built = builtDeclarations();
const names = readdirSync(SNAPSHOTS).sort();

test('each entry point has a snapshot', () => {
  expect(Object.keys(built).sort()).toEqual(names);
});

// A change that is meant is taken over by `npm run update:declarations`, and has a line in CHANGELOG.md.
test.each(names)('a user sees the types in %s (npm run update:declarations)', (name) => {
  expect(built[name]).toBe(readFileSync(join(SNAPSHOTS, name), 'utf8'));
});

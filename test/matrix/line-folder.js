import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;
export const ROOT = join(HERE, '../..');
const DEFAULT_LINE = 'otel-2';

/**
 * The folder in which the suites run with one line of OpenTelemetry: for the default one this repository, for another
 * a copy that has a node_modules of its own. A copy, because then whatever asks for a module, in whatever way and
 * process, finds that line's; mapped names would reach jest's modules alone.
 */
export function lineFolder(line) {
  if (line === DEFAULT_LINE) return ROOT;
  const folder = join(ROOT, '.cache/matrix', line);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name !== 'node_modules') rmSync(join(folder, name), { recursive: true });
  for (const name of readdirSync(ROOT).filter(isSource)) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageOf(line), null, 2)}\n`);
  return folder;
}

/** The lock file stays behind: it pins what the other line needs. */
const LEFT_OUT = ['node_modules', 'dist', 'coverage', 'package-lock.json'];
const isSource = (name) => name === '.npmrc' || !(name.startsWith('.') || LEFT_OUT.includes(name));

/** The root's package.json with all of OpenTelemetry as the line pins it. */
function packageOf(line) {
  const root = readJson(ROOT, 'package.json');
  const others = Object.entries(root.devDependencies).filter(([name]) => !name.startsWith('@opentelemetry/'));
  const { devDependencies } = readJson(HERE, line, 'package.json');
  return { ...root, devDependencies: { ...Object.fromEntries(others), ...devDependencies } };
}

/** The version of OpenTelemetry that is installed in a folder. */
export function installedOpenTelemetry(folder) {
  return readJson(folder, 'node_modules/@opentelemetry/sdk-trace/package.json').version;
}

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));

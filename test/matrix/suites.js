import { readFileSync, rmSync } from 'node:fs';
import { command } from './command.js';
import { installedOpenTelemetry, lineFolder, ROOT } from './line-folder.js';
import { nodeBinary } from './node-binary.cjs';

const MINUTE = 60_000;
const INSTALL = ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'];

/** The folder of each line, once it is ready, for all Nodes. */
const folders = new Map();

/**
 * Runs the unit and end-to-end suites on a combination.
 *
 * @param {string} file where jest leaves its results
 * @returns {Promise<{ on: string, counts?: string, failures: string[] }>} no failures: all tests ran and passed
 */
export async function runSuites({ node: version, line }, file) {
  rmSync(file, { force: true });
  let on = `Node ${version}, ${line}`;
  try {
    const node = nodeBinary(version);
    if (!folders.has(line)) folders.set(line, prepare(line, node));
    const folder = await folders.get(line);
    const installed = installedOpenTelemetry(folder);
    on = `Node ${version}, OpenTelemetry ${installed}`;
    if (!`otel-${installed}`.startsWith(`${line}.`)) throw new Error(`expected OpenTelemetry of ${line}`);
    const jest = [node, 'node_modules/jest/bin/jest.js', '--json', `--outputFile=${file}`];
    await command(jest, { node, cwd: folder, limit: 10 * MINUTE });
    return { on, ...judge(file) };
  } catch (error) {
    return { on, ...judge(file, error) };
  }
}

/** Installs a line and builds with it; the types, ours and those of the tests, must fit it as well. */
async function prepare(line, node) {
  const cwd = lineFolder(line);
  const steps = [
    ['npm', 'run', 'build'],
    ['npm', 'run', 'typecheck'],
  ];
  if (cwd !== ROOT) steps.unshift(INSTALL);
  for (const words of steps) await command(words, { node, cwd, limit: 5 * MINUTE });
  return cwd;
}

/** What jest's results say. A test that was skipped is a failure: nobody would notice that it never runs. */
function judge(file, error) {
  const failures = error === undefined ? [] : [error.message];
  const results = read(file);
  if (results === undefined) return { failures: [...failures, 'no results'] };
  const { numPassedTests: passed, numFailedTests: failed } = results;
  for (const { name, message, assertionResults } of results.testResults) {
    if (assertionResults.length === 0) failures.push(`${name}: ${message.trim().split('\n')[0]}`);
    for (const { status, fullName } of assertionResults) {
      if (status !== 'passed') failures.push(`${status}: ${fullName}`);
    }
  }
  const skipped = results.numPendingTests + results.numTodoTests;
  return { counts: `${passed} passed, ${failed} failed, ${skipped} skipped`, failures };
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

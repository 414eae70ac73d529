import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { printTable } from './table.js';

const CHILD = fileURLToPath(new URL('./memory-child.js', import.meta.url));

/** The kinds of objects, by their names in the child. The size of a scope is the difference to the kind `beyond`. */
const ROWS = [
  { kind: 'signal-timeout', name: 'AbortSignal.timeout(600_000)' },
  { kind: 'api-context', name: 'context.setValue, of the api' },
  { kind: 'context', name: 'a Context with one value, of ours' },
  { kind: 'extracted', name: 'extract', beyond: 'context' },
  { kind: 'extracted-signal', name: 'extract, with signal', beyond: 'context' },
  { kind: 'promise', name: 'a pending promise, and such a Context' },
  { kind: 'promise-then', name: 'the same, and promise.then(fn, fn)' },
  { kind: 'timeout', name: 'withTimeout, pending', beyond: 'promise-then' },
  { kind: 'timeout-signal', name: 'withTimeout, pending, with signal', beyond: 'promise-then' },
];

/**
 * Each kind has a process of its own, so that garbage of one kind is not counted for the next.
 *
 * @param {number} count the number of objects that are held at once
 */
export async function memory(count) {
  const bytes = {};
  for (const { kind } of ROWS) bytes[kind] = await measure(kind, count);
  const rows = ROWS.map(({ kind, name, beyond }) => {
    const own = bytes[kind] - (beyond === undefined ? 0 : bytes[beyond]);
    const figures = [String(Math.round(own)), (own / bytes['signal-timeout']).toFixed(2)];
    return [name, String(Math.round(bytes[kind])), ...(beyond === undefined ? ['', ''] : figures)];
  });
  printTable(`memory: bytes each of ${count}`, ['', 'bytes', 'the scope', '/ AbortSignal.timeout'], rows);
}

async function measure(kind, count) {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CHILD, kind, String(count)], {
    timeout: 60_000,
  });
  return Number(stdout);
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildProcess } from '../support/processes/child-process.js';

const PACKAGE = join(__dirname, '../..');

/** The program in a block of a document, and what the document says that it prints. */
export interface CodeBlock {
  readonly line: number;
  readonly source: string;
  /** The comments after an arrow. */
  readonly prints: readonly string[];
}

/** The JavaScript blocks of a document of this package. */
export function codeBlocks(document: string): CodeBlock[] {
  const text = readFileSync(join(PACKAGE, document), 'utf8');
  return Array.from(text.matchAll(/^```js\n(.*?)^```$/gms), ({ 1: source = '', index }) => ({
    line: text.slice(0, index).split('\n').length,
    source,
    prints: Array.from(source.matchAll(/\/\/ → (.*)$/gm), ([, printed = '']) => printed),
  }));
}

/** What a document writes for OpenTelemetry 2, and what the same is in OpenTelemetry 3. */
const RENAMED = {
  "{ BasicTracerProvider } from '@opentelemetry/sdk-trace-base'":
    "{ TracerProvider as BasicTracerProvider } from '@opentelemetry/sdk-trace'",
};
const installed = readFileSync(join(PACKAGE, 'node_modules/@opentelemetry/core/package.json'), 'utf8');
const isOpenTelemetry2 = JSON.parse(installed).version.startsWith('2.');

/** A program in the words of the OpenTelemetry that is installed. */
function forInstalledLine(source: string): string {
  if (isOpenTelemetry2) return source;
  return Object.entries(RENAMED).reduce((changed, [theirs, ours]) => changed.replace(theirs, ours), source);
}

/**
 * Runs a block as a user's ES module, in a process of its own, against the built package (`npm test` builds it).
 *
 * @returns the lines that it printed, and after them its warnings
 */
export async function run({ source }: Pick<CodeBlock, 'source'>): Promise<string[]> {
  // Inside its own folder a package may import itself by name.
  const program = ChildProcess.spawn(process.execPath, { args: ['--input-type=module', '-'], cwd: PACKAGE });
  program.input(forInstalledLine(source));
  const code = await program.close();
  if (code !== 0) throw new Error(`it ended with ${code}: ${program.stderr}`);
  return (program.stdout + program.stderr).split('\n').filter((line) => line !== '');
}

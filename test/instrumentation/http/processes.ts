import { type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** In ms. Far more than anything takes: a busy machine must not fail a test. */
const LIMIT = 50_000;

/** The path of a fixture. */
export const fixture = (name: string): string => join(__dirname, 'fixtures', name);

/** How an application is started: as CommonJS, as an ES module, or as one with OpenTelemetry's loader hook. */
export type ModuleSystem = 'CommonJS' | 'ES modules' | 'ES modules and the loader hook';

const hook = '@opentelemetry/instrumentation/hook.mjs';

/** The flags of Node that load `setUp` before the application. */
export function flagsFor(system: ModuleSystem, setUp: string): string[] {
  if (system === 'CommonJS') return ['--require', fixture(setUp)];
  const loader = system === 'ES modules' ? [] : ['--no-warnings', `--experimental-loader=${hook}`];
  return [...loader, '--import', fixture(setUp)];
}

/**
 * Runs a fixture in a process of its own to its end.
 *
 * @param settings what the process finds in HTTP_SETUP, in JSON
 * @returns what it has sent, with exit code and standard error
 */
export async function run(name: string, execArgv: string[], settings: unknown): Promise<Finished> {
  // A proxy and OpenTelemetry's own settings are not the tests' subject.
  const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$|^JEST_/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const options: ForkOptions = { execArgv, env: { ...env, HTTP_SETUP: JSON.stringify(settings) }, stdio: 'pipe' };
  const child = fork(fixture(name), {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let report: unknown;
  let stderr = '';
  child.on('message', (message) => {
    report = message;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  const [code, signal] = await once(child, 'close');
  clearTimeout(limit);
  return { report, code: code ?? signal, stderr };
}

export interface Finished {
  // biome-ignore lint/suspicious/noExplicitAny: each fixture has a report of its own
  readonly report: any;
  /** The exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stderr: string;
}

import { join } from 'node:path';
import { ChildProcess, type Finished } from '../../support/processes/child-process.js';

export type { Finished };

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
 */
export function run(name: string, flags: readonly string[], settings: unknown): Promise<Finished> {
  return ChildProcess.run(fixture(name), { flags, env: { HTTP_SETUP: JSON.stringify(settings) } });
}

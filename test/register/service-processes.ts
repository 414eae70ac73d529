import { join } from 'node:path';
import { ChildProcess } from '../support/processes/child-process.js';

export const REGISTER = 'opentelemetry-propagator-deadline/register';
export const fixture = (name: string): string => join(__dirname, 'fixtures', name);

/** What the service reports, and what its operator reads on the console. */
export interface ServiceReport {
  /** What the handler found left; text when that is no number of ms. */
  readonly left: number | string;
  /** What the call made for the request carried. */
  readonly fields: Readonly<Record<string, string>>;
  /** How a request was answered that came too late. */
  readonly late: string;
  /** What processes and threads saw of OTEL_PROPAGATORS that the service started. */
  readonly inherited: readonly string[];
  readonly spans: readonly Record<string, unknown>[];
  readonly metrics: readonly string[];
  readonly console: readonly string[];
}

/**
 * Runs the service, against the built package (`npm test` builds it).
 *
 * @param preload the flags of Node, and what they load before the service
 */
export async function runService(
  service: string,
  preload: readonly [flag: string, module: string][],
  variables: Record<string, string> = {},
): Promise<ServiceReport> {
  // Inside its own folder a package may load itself by name.
  const options = { flags: preload.flat(), env: variables, cwd: __dirname };
  const { report, code, stderr } = await ChildProcess.run(fixture(service), options);
  if (code !== 0) throw new Error(`${service} ended with ${code}\n${stderr}`);
  return { ...report, console: stderr.split('\n').filter((line) => line !== '') };
}

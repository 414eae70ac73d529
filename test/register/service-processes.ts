import { execFile } from 'node:child_process';
import { join } from 'node:path';

const LIMIT = 30_000;
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
export function runService(
  service: string,
  preload: readonly [flag: string, module: string][],
  variables: Record<string, string> = {},
): Promise<ServiceReport> {
  // A proxy and OpenTelemetry's own settings are not the tests' subject.
  const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$|^JEST_/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const args = [...preload.flat(), fixture(service)];
  return new Promise((resolve, reject) => {
    // Inside its own folder a package may load itself by name.
    const options = { env: { ...env, ...variables }, cwd: __dirname, timeout: LIMIT };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const lines = stderr.split('\n').filter((line) => line !== '');
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve({ ...JSON.parse(stdout), console: lines });
    });
  });
}

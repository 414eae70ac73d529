import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const file = (name) => fileURLToPath(new URL(`services/${name}.cjs`, import.meta.url));

/** The processes of the demo's services, and their reports: spans, and handlers that stopped early. */
export class ServiceProcesses {
  spans = [];
  stops = [];
  /** Each running process, with the promise of its exit. */
  #running = new Map();

  constructor() {
    // For an exit that skips `stop`.
    process.once('exit', () => this.#kill());
  }

  /** Starts a service and returns its address once it listens. */
  start(name, settings, signal) {
    const service = fork(file(name), {
      execArgv: ['--require', file('telemetry')],
      env: { ...inheritedEnvironment(), ...settings },
      // JSON would turn Infinity into null.
      serialization: 'advanced',
      signal,
      killSignal: 'SIGKILL',
    });
    const gone = new Promise((resolve) => service.once('exit', resolve));
    this.#running.set(service, gone);
    return new Promise((resolve, reject) => {
      service.on('error', (cause) => reject(new Error(`${name} is not ready`, { cause })));
      service.on('exit', (code, killedBy) => {
        this.#running.delete(service);
        reject(new Error(`${name} ended before it was ready (${killedBy ?? `exit code ${code}`})`));
      });
      service.on('message', ({ port, span, stop }) => {
        if (port !== undefined) resolve(`127.0.0.1:${port}`);
        if (span !== undefined) this.spans.push({ service: name, ...span });
        if (stop !== undefined) this.stops.push({ service: name, ...stop });
      });
    });
  }

  /** Returns when no process is left. */
  async stop() {
    this.#kill();
    await Promise.all(this.#running.values());
  }

  #kill() {
    for (const service of this.#running.keys()) service.kill('SIGKILL');
  }
}

/**
 * The environment without settings that would change the demo: OpenTelemetry's, and a proxy, which grpc-js uses even
 * for loopback.
 */
function inheritedEnvironment() {
  const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LIMIT = 20_000;
const file = (name) => fileURLToPath(new URL(`services/${name}.cjs`, import.meta.url));

/**
 * @typedef {object} ServiceOptions
 * @property {'ours' | 'stock'} [setUp] the OpenTelemetry set-up; default: none
 * @property {Record<string, string>} [settings] for its environment
 */

/**
 * Runs `bench` with a function that starts a service, and returns when no service is left.
 *
 * @param {(start: (name: string, options?: ServiceOptions) => Promise<Service>) => Promise<void>} bench
 */
export async function withServices(bench) {
  const running = new Set();
  const kill = () => {
    for (const service of running) service.kill();
  };
  // For an exit that skips the end of this function.
  process.once('exit', kill);
  try {
    await bench((name, options) => Service.start(name, options, running));
  } finally {
    kill();
    await Promise.all([...running].map(({ gone }) => gone));
    process.off('exit', kill);
  }
}

/** A service in a process of its own. */
class Service {
  #child;
  /** The pending promises of `hear`, by the subject of the message. */
  #waiting = new Map();
  #questions = 0;

  static async start(name, { setUp, settings = {} } = {}, running) {
    const child = fork(file(name), {
      execArgv: setUp === undefined ? [] : ['--require', file(`set-up-${setUp}`)],
      env: { ...inheritedEnvironment(), ...settings },
    });
    const service = new Service(name, child);
    running.add(service);
    child.once('exit', () => running.delete(service));
    service.port = await service.hear('listening');
    return service;
  }

  constructor(name, child) {
    this.name = name;
    this.#child = child;
    this.gone = new Promise((resolve) => child.once('exit', resolve));
    child.once('error', (error) => this.#fail(error));
    child.once('exit', (code, signal) => this.#fail(new Error(`${name} ended: ${signal ?? `exit code ${code}`}`)));
    child.on('message', ({ about, content }) => this.#waiting.get(about)?.resolve(content));
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  /** The next message with that subject. Must be called before the message is sent. */
  hear(about) {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`${this.name} sent no message about '${about}' within ${LIMIT} ms`));
      const timer = setTimeout(late, LIMIT);
      this.#waiting.set(about, { resolve, reject, timer });
    }).finally(() => {
      clearTimeout(this.#waiting.get(about).timer);
      this.#waiting.delete(about);
    });
  }

  /** The answer of the service to a question, by its name. */
  ask(question) {
    const about = `answer ${this.#questions++}`;
    const answer = this.hear(about);
    this.#child.send({ question, about });
    return answer;
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}

/**
 * The environment without settings that would change the figures: OpenTelemetry's, and a proxy, which grpc-js uses even
 * for loopback.
 */
function inheritedEnvironment() {
  const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

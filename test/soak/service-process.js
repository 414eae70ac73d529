import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment } from '../support/processes/clean-environment.cjs';

const FILE = fileURLToPath(new URL('service.js', import.meta.url));
const LIMIT = 60_000;

/** The service under test, in a process of its own: what is alive in it is its own. */
export class Service {
  #child;
  /** Aborts when the process has ended. */
  #ended = new AbortController();

  static async start(settings) {
    const service = new Service(settings);
    service.port = await service.#answer();
    return service;
  }

  constructor(settings) {
    this.#child = fork(FILE, {
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      env: cleanEnvironment(settings),
    });
    this.#child.once('exit', (code, signal) => {
      this.#ended.abort(new Error(`the service ended: ${signal ?? `exit code ${code}`}`));
    });
    process.once('exit', () => this.#child.kill('SIGKILL'));
  }

  /** One question at a time. */
  async ask(question) {
    this.#child.send({ question });
    return this.#answer();
  }

  async stop() {
    if (this.#ended.signal.aborted) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  async #answer() {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(LIMIT)]);
    const [{ answer }] = await once(this.#child, 'message', { signal }).catch(() => Promise.reject(signal.reason));
    return answer;
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

const START_LIMIT = 30_000;

interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Options of `node`. */
  readonly flags: readonly string[];
}

/** What a service tells of a request. */
export interface Report {
  /** How many requests have reached the handler, with this one. */
  readonly handled: number;
  /** The field as it arrived. */
  readonly field?: string;
  /** `null` for Infinity. */
  readonly remaining: number | null;
  readonly called?: Report;
  readonly failure?: { readonly exceeded: boolean };
}

/** A service of the user's project, in a process of its own. */
export class RunningService {
  private readonly child: ChildProcess;
  private port = 0;
  private output = '';

  constructor(node: string, file: string, { cwd, env, flags }: Surroundings) {
    this.child = fork(file, {
      cwd,
      env,
      execPath: node,
      execArgv: [...flags],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    }
  }

  async listening(): Promise<void> {
    const signal = AbortSignal.timeout(START_LIMIT);
    const ended = once(this.child, 'exit', { signal }).then(([code]) => {
      throw new Error(`the service ended with ${code}:\n${this.output}`);
    });
    const [port] = await Promise.race([once(this.child, 'message', { signal }), ended]);
    ended.catch(() => {});
    this.port = port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What it has written to standard output and standard error. */
  get written(): string {
    return this.output;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

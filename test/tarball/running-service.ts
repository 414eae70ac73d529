import { ChildProcess } from '../support/processes/child-process.js';

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

  constructor(node: string, file: string, { cwd, env, flags }: Surroundings) {
    this.child = ChildProcess.fork(file, { cwd, env, node, flags });
  }

  async listening(): Promise<void> {
    this.port = await this.child.firstMessage();
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What it has written to standard output and standard error. */
  get written(): string {
    return this.child.stdout + this.child.stderr;
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}

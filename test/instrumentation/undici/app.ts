import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DeadlineInstrumentationConfig } from '../../../src/instrumentation/options.js';

const START_LIMIT = 30_000;
const fixture = (name: string) => join(__dirname, 'fixtures', name);

export interface UndiciSetup {
  /** Default: CommonJS. */
  readonly module?: 'cjs' | 'mjs';
  /** In the order in which they are registered. Default: ours alone. */
  readonly instrumentations?: readonly ('deadline' | 'undici')[];
  readonly config?: DeadlineInstrumentationConfig;
  /** A part of the targets that `client.ignore` answers true for. */
  readonly ignored?: string;
  /** Whether Node's own undici is loaded before the one from npm: the first makes the global agent of both. */
  readonly loadsFetchFirst?: boolean;
  /** What is loaded before the instrumentations are. */
  readonly loadedBefore?: readonly ('fetch' | 'undici')[];
  /** The propagator's. */
  readonly reserve?: number;
  /** The names of the formats that it injects. Default: ours alone. */
  readonly inject?: readonly string[];
  /** Options of Node's. */
  readonly node?: readonly string[];
}

/** In which scope a call is made, the outer one first. */
export type ScopePath = readonly (readonly [name: string, value?: unknown])[];

export interface Call {
  readonly transport: string;
  readonly url: string;
  readonly scope?: ScopePath;
  readonly method?: string;
  readonly body?: 'text' | 'endless';
  readonly headers?: Record<string, string>;
  /** One that was opened. */
  readonly dispatcher?: string;
}

export interface Outcome {
  readonly text?: string;
  readonly error?: {
    readonly name: string;
    readonly exceeded: boolean;
    readonly cancelled: boolean;
    readonly isReason: boolean;
    readonly hasReasonAsCause: boolean;
    readonly target?: string;
    readonly enumerable: boolean;
  };
  readonly elapsed: number;
}

/** An application in a process of its own, for the tests of a file. What it leaves behind fails them. */
export class UndiciApp {
  private child: ChildProcess | undefined;
  private readonly answers = new Map<number, (answer: { result?: unknown; failure?: string }) => void>();
  private lastId = 0;

  constructor(private readonly setup: UndiciSetup = {}) {
    // Far more than anything takes: a busy machine must not fail a test.
    jest.setTimeout(START_LIMIT + 5_000);
    beforeAll(() => this.start());
    afterEach(async () => {
      expect(await this.ask('state')).toEqual({ alarms: 0, strays: [] });
    });
    afterAll(() => this.stop());
  }

  call(call: Call): Promise<Outcome> {
    return this.ask('call', call);
  }

  /** Opens a dispatcher for the calls that name it. */
  open(dispatcher: { name: string; kind: string; origin?: string; options?: object }): Promise<void> {
    return this.ask('open', dispatcher);
  }

  /** Makes several calls at the same time, which are begun in this order. */
  calls(calls: readonly Call[]): Promise<Outcome[]> {
    return Promise.all(calls.map((call) => this.call(call)));
  }

  async ask<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = ++this.lastId;
    const { result, failure } = await new Promise<{ result?: unknown; failure?: string }>((resolve) => {
      this.answers.set(id, resolve);
      this.child?.send({ id, name, args });
    });
    if (failure !== undefined) throw new Error(failure);
    return result as T;
  }

  private async start(): Promise<void> {
    const { module = 'cjs', instrumentations = ['deadline'], node = [], ...rest } = this.setup;
    // A proxy and OpenTelemetry's own settings are not the tests' subject.
    const foreign = /^OTEL_|_proxy$|^NODE_/i;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
    env.UNDICI_SETUP = JSON.stringify({ instrumentations, ...rest });
    const execArgv = ['--require', fixture('setup.cjs'), ...node];
    const child = fork(fixture(`app.${module}`), { execArgv, env, serialization: 'advanced' });
    this.child = child;
    child.on('exit', () => {
      for (const answer of this.answers.values()) answer({ failure: 'the application ended' });
    });
    child.on('message', ({ id, ...answer }: { id: number; result?: unknown; failure?: string }) => {
      this.answers.get(id)?.(answer);
      this.answers.delete(id);
    });
    await once(child, 'message', { signal: AbortSignal.timeout(START_LIMIT) });
  }

  private async stop(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

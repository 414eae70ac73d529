import { join } from 'node:path';
import type { DeadlineInstrumentationConfig } from '../../../src/instrumentation/options.js';
import { ChildProcess } from '../../support/processes/child-process.js';

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

  constructor(private readonly setup: UndiciSetup = {}) {
    beforeAll(() => this.start());
    afterEach(async () => {
      expect(await this.ask('state')).toEqual({ alarms: 0, strays: [] });
    });
    afterAll(() => this.child?.stop());
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

  ask<T>(name: string, ...args: unknown[]): Promise<T> {
    if (this.child === undefined) throw new Error('the application has not started');
    return this.child.ask(name, ...args);
  }

  private async start(): Promise<void> {
    const { module = 'cjs', instrumentations = ['deadline'], node = [], ...rest } = this.setup;
    const env = { UNDICI_SETUP: JSON.stringify({ instrumentations, ...rest }) };
    this.child = ChildProcess.fork(fixture(`app.${module}`), {
      flags: ['--require', fixture('setup.cjs'), ...node],
      env,
    });
    await this.child.firstMessage();
  }
}

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

interface Running {
  readonly child: ChildProcess;
  /** The configuration that it was told last. */
  readonly configuration: string;
}

/** By how a process is started: how many describe blocks will still use it, and the process. */
const users = new Map<string, number>();
const running = new Map<string, Running>();

/**
 * An application in a process of its own, for the tests of a describe block. Blocks of a file that differ in no more than
 * the configuration use one process, one after the other. What a test leaves behind fails it.
 */
export class UndiciApp {
  /** How its process is started, in JSON. */
  private readonly start: string;
  private readonly configuration: string;
  private child: ChildProcess | undefined;

  constructor({ config, ignored, ...setup }: UndiciSetup = {}) {
    const start = { module: 'cjs', instrumentations: ['deadline'], loadsFetchFirst: false, node: [], ...setup };
    this.start = JSON.stringify(start);
    this.configuration = JSON.stringify({ config, ignored });
    users.set(this.start, (users.get(this.start) ?? 0) + 1);

    beforeAll(async () => {
      this.child = await this.running();
    });
    afterEach(async () => {
      expect(await this.ask('state')).toEqual({ alarms: 0, strays: [] });
    });
    afterAll(async () => {
      const left = (users.get(this.start) ?? 0) - 1;
      users.set(this.start, left);
      if (left === 0) await this.child?.stop();
    });
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

  private async running(): Promise<ChildProcess> {
    const { configuration } = this;
    const before = running.get(this.start);
    const child = before?.child ?? (await this.fork());
    // Only then: an instrumentation that is enabled anew comes behind the others.
    if (before !== undefined && before.configuration !== configuration) {
      await child.ask('configure', JSON.parse(configuration));
    }
    running.set(this.start, { child, configuration });
    return child;
  }

  private async fork(): Promise<ChildProcess> {
    const { module, node, ...rest } = JSON.parse(this.start);
    const env = { UNDICI_SETUP: JSON.stringify({ ...rest, ...JSON.parse(this.configuration) }) };
    const flags = ['--require', fixture('setup.cjs'), ...node];
    const child = ChildProcess.fork(fixture(`app.${module}`), { flags, env });
    await child.firstMessage();
    return child;
  }
}

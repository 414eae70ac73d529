import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { getScope, setScope } from '../../src/context/context-scope.js';
import { Deadline } from '../../src/context/deadline.js';
import { Scope } from '../../src/context/scope/scope.js';
import { type SharedOptions, shared } from '../../src/context/shared/shared.js';

/** The next turn of the event loop, which the fake clock leaves alone: all promises have been followed by then. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A caller whose scope the test ends: with a deadline, if `ms` is given, and under the scope of `outer`. */
export class Caller {
  readonly scope: Scope;
  readonly parent: Context;

  constructor(ms?: number, outer: Context = ROOT_CONTEXT) {
    this.scope = new Scope(getScope(outer), ms === undefined ? undefined : Deadline.after(ms), 'owned');
    this.parent = setScope(outer, this.scope);
  }
}

/** A call of `shared`, and how it has ended. */
export class Call {
  outcome: unknown = 'pending';
  readonly promise: Promise<unknown>;

  constructor(key: object, fn: (context: Context) => unknown, options?: SharedOptions) {
    this.promise = shared(key, fn, options);
    this.promise.then(
      (value) => {
        this.outcome = { value };
      },
      (error) => {
        this.outcome = { error };
      },
    );
  }
}

interface Run {
  readonly context: Context;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Work whose runs end when the test says so. */
export class Work {
  readonly runs: Run[] = [];

  readonly fn = (context: Context): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.runs.push({ context, resolve, reject });
    });

  /** The run that began last. */
  get run(): Run {
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error('no run has begun');
    return run;
  }
}

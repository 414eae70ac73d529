import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { NEVER } from '../../time/clock.js';
import { Deadline } from '../deadline.js';
import type { Ending, ScopeObserver } from '../scope/observer.js';
import { type Origin, originOf } from '../scope/origin.js';
import { Scope } from '../scope/scope.js';
import { observe, unobserve } from '../scope/watch.js';
import { runInScope } from '../with-scope.js';
import type { Place } from './key.js';

/** Not of `createContextKey`, which other copies of this package would share: they have runs of their own. */
const RUN_KEY = Symbol('shared work');

/** The run in which `context` is; `undefined` outside of all runs. */
export function getRun(context: Context): Run | undefined {
  return context.getValue(RUN_KEY) as Run | undefined;
}

type Deliver = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;

/** One call that waits for a run. Observes the scope that binds the wait. */
interface Waiter extends ScopeObserver {
  /** The run in whose context the call was made. */
  readonly by: Run | undefined;
  /** Ends the wait: the run has a result or an error. */
  settle(deliver: Deliver): void;
}

/**
 * One run of shared work. Its scope has no parent: only the budget of the run ends it, or the last waiter that leaves.
 */
export class Run implements ScopeObserver {
  readonly scope: Scope;
  readonly #origin: Origin;
  readonly #place: Place<Run>;
  readonly #waiters = new Set<Waiter>();

  /** @param outer the context in which the run begins: it has the trace and the baggage of the run */
  constructor(
    public outer: Context,
    place: Place<Run>,
    budget: number,
  ) {
    this.scope = new Scope(undefined, budget === NEVER ? undefined : Deadline.forSharedWork(budget), 'owned');
    this.#origin = originOf(this.scope);
    this.#place = place;
    place.taker = this;
  }

  /** Calls `fn`, and settles the run with it or with its budget. */
  start(fn: (context: Context) => unknown): void {
    observe(this.scope, this);
    // The executor turns what `fn` throws into a rejection.
    new Promise((settle) => settle(runInScope(this.outer.setValue(RUN_KEY, this), this.scope, fn))).then(
      (value) => this.#settle((resolve) => resolve(value)),
      (error) => this.#settle((_, reject) => reject(error)),
    );
  }

  /**
   * The result of the run, or the reason for which `scope` has ended before.
   *
   * @param by the run that waits
   * @param around the scope that tells for whom the call waits, also where nothing binds it
   */
  join<T>(scope: Scope | undefined, by: Run | undefined, around: Scope | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        by,
        scopeEnded: ({ reason }) => {
          reject(reason);
          this.#waiters.delete(waiter);
          if (!this.#waiters.size) this.scope.cancel();
        },
        scopeCompleted: () => {
          scope = scope?.parent;
          if (scope) observe(scope, waiter);
        },
        settle: (deliver) => {
          if (scope) unobserve(scope, waiter);
          // The end of this run is one of the work of those who wait now, and of nobody else's.
          if (around) this.#origin.above.push(originOf(around));
          deliver(resolve as (value: unknown) => void, reject);
        },
      };
      this.#waiters.add(waiter);
      if (scope) observe(scope, waiter);
    });
  }

  /** Whether this run is `other`, or waits for it, perhaps through further runs. */
  waitsFor(other: Run): boolean {
    // The loop over a set visits what is added meanwhile.
    const waiting = new Set([other]);
    for (const run of waiting) for (const { by } of run.#waiters) if (by) waiting.add(by);
    return waiting.has(this);
  }

  scopeEnded({ reason }: Ending): void {
    this.#settle((_, reject) => reject(reason));
  }

  scopeCompleted(): void {
    // The result follows.
  }

  /** Does nothing the second time: `fn` may settle after the run has ended. */
  #settle(deliver: Deliver): void {
    this.#place.leave(this);
    // The context of this run may be in that of the next one, which `fn` has begun.
    this.outer = ROOT_CONTEXT;
    for (const waiter of this.#waiters) waiter.settle(deliver);
    this.#waiters.clear();
  }
}

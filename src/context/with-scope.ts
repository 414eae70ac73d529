import { type Context, context as contextApi } from '@opentelemetry/api';
import { checkDuration, checkFunction, wrongType } from '../check-argument.js';
import { NEVER } from '../time/clock.js';
import { contextOr } from './context-argument.js';
import { deleteScope, openScope, setScope } from './context-scope.js';
import { Deadline, isDate, isDeadline } from './deadline.js';
import { expectContextManager } from './expect-context-manager.js';
import type { Scope } from './scope/scope.js';

/**
 * Runs `fn` with at most `ms` milliseconds, as Go's `context.WithTimeout`: the deadline in its context is the parent's
 * or `ms` from now, whichever is earlier.
 *
 * `fn` is never interrupted. The deadline takes effect in {@link abortSignal}, in {@link remainingTime}, and in the
 * calls that `fn` makes. It ends with `fn`: when `fn` has returned or, if `fn` returned a promise, when that has
 * settled. A call that is then in flight keeps the deadline until its response body has ended.
 *
 * @param ms 0 (`fn` runs with an exhausted deadline) to `Infinity` (no deadline of its own)
 * @param fn gets the narrowed context, which is also the active one where a context manager is registered
 * @param parent default: the active context
 * @returns what `fn` returned; for a promise, one of the same class that follows it
 * @throws TypeError when an argument has the wrong type, RangeError when `ms` is negative or NaN; what `fn` throws
 */
export function withTimeout<T>(ms: number, fn: (context: Context) => T, parent?: Context): T {
  checkDuration('withTimeout', ms);
  checkFunction('withTimeout', fn);
  expectContextManager('withTimeout', fn);
  return withDeadline(Deadline.after(ms), fn, contextOr('withTimeout', parent));
}

/**
 * Runs `fn` with a deadline; otherwise as {@link withTimeout}.
 *
 * @param when a `Date` or a `Deadline`. A `Date` in the past is a deadline that has passed. A number is refused: it
 *   could be meant as a duration
 * @throws TypeError when an argument has the wrong type, RangeError when the `Date` is invalid; what `fn` throws
 */
export function withDeadline<T>(when: Date | Deadline, fn: (context: Context) => T, parent?: Context): T {
  const deadline = toDeadline(when);
  checkFunction('withDeadline', fn);
  expectContextManager('withDeadline', fn);
  const outer = contextOr('withDeadline', parent);
  if (deadline.due === NEVER) return contextApi.with(outer, () => fn(outer));
  return runInScope(outer, openScope(outer, deadline, 'owned'), fn);
}

/**
 * Runs `fn` with a function that cancels the work of `fn`, as Go's `context.WithCancel`. Otherwise as
 * {@link withTimeout}.
 *
 * @param fn gets the narrowed context and `cancel(reason?)`. `cancel` aborts the work with a `CallCancelledError`, with
 *   `reason` as its `cause`. Only the first call of `cancel` has an effect, and none once `fn` has settled.
 */
export function withCancel<T>(fn: (context: Context, cancel: (reason?: unknown) => void) => T, parent?: Context): T {
  checkFunction('withCancel', fn);
  expectContextManager('withCancel', fn);
  const outer = contextOr('withCancel', parent);
  const scope = openScope(outer, undefined, 'owned');
  return runInScope(outer, scope, (context) => fn(context, (reason) => scope.cancel(reason)));
}

/**
 * Runs `fn` without deadline and cancellation, as Go's `context.WithoutCancel`: for work that must go on when the
 * caller has gone away. Trace context and baggage are kept.
 *
 * @param parent default: the active context
 */
export function detach<T>(fn: (context: Context) => T, parent?: Context): T {
  checkFunction('detach', fn);
  const context = deleteScope(contextOr('detach', parent));
  return contextApi.with(context, () => fn(context));
}

function toDeadline(when: unknown): Deadline {
  if (isDeadline(when)) return when;
  if (isDate(when)) return Deadline.at(when);
  throw wrongType('withDeadline', 'a Date or a Deadline', when);
}

/** Runs `fn` in `outer` with `scope`, which completes when `fn` has settled. */
export function runInScope<T>(outer: Context, scope: Scope, fn: (context: Context) => T): T {
  const context = setScope(outer, scope);
  let pending = false;
  try {
    return contextApi.with(context, () => {
      const result = fn(context);
      if (!isThenable(result)) return result;
      const following = completeWhenSettled(scope, result);
      pending = true;
      return following as T;
    });
  } finally {
    if (!pending) scope.complete();
  }
}

function completeWhenSettled(scope: Scope, result: PromiseLike<unknown>): PromiseLike<unknown> {
  // A query builder runs its query at each call of `then`. It is called once, in the narrowed context.
  const promise = result instanceof Promise ? result : new Promise((resolve, reject) => result.then(resolve, reject));
  // The derived promise is returned: with a second one on the side, Node would not report an unhandled rejection.
  return promise.finally(() => scope.complete());
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

import { type Context, context as contextApi } from '@opentelemetry/api';
import { checkDuration, checkFunction, wrongType } from '../check-argument.js';
import { NEVER } from '../time/clock.js';
import { deleteScope, parentScope, setScope } from './context-scope.js';
import { Deadline, isDate, isDeadline } from './deadline.js';
import { Scope } from './scope/scope.js';

/**
 * Runs `fn` with at most `ms` milliseconds: in a context whose deadline is the earlier of the parent's and this one,
 * as Go's `context.WithTimeout`. The scope completes when `fn` has returned or the promise that it returned has
 * settled. `fn` is never interrupted: it sees the deadline in {@link abortSignal}, {@link remainingTime} and in the
 * calls that it makes.
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
  return withDeadline(Deadline.after(ms), fn, parent);
}

/**
 * Runs `fn` until a point in time at the latest; otherwise as {@link withTimeout}.
 *
 * @param when a `Date` (a past one has been exceeded, however old) or a `Deadline`; not a number, which could be meant
 *   as a duration
 * @throws TypeError when an argument has the wrong type, RangeError when the `Date` is invalid; what `fn` throws
 */
export function withDeadline<T>(when: Date | Deadline, fn: (context: Context) => T, parent?: Context): T {
  const deadline = toDeadline(when);
  checkFunction('withDeadline', fn);
  const outer = contextOr('withDeadline', parent);
  if (deadline.due === NEVER) return contextApi.with(outer, () => fn(outer));
  return runIn(outer, new Scope(parentScope(outer), deadline, 'owned'), fn);
}

/**
 * Runs `fn` with a way to cancel what it does, as Go's `context.WithCancel`; otherwise as {@link withTimeout}.
 *
 * @param fn gets the narrowed context and `cancel(reason?)`, which ends the scope with a `CallCancelledError` whose
 *   `cause` is the reason. Only the first call counts, and none after `fn` has settled.
 */
export function withCancel<T>(fn: (context: Context, cancel: (reason?: unknown) => void) => T, parent?: Context): T {
  checkFunction('withCancel', fn);
  const outer = contextOr('withCancel', parent);
  const scope = new Scope(parentScope(outer), undefined, 'owned');
  return runIn(outer, scope, (context) => fn(context, (reason) => scope.cancel(reason)));
}

/**
 * Runs `fn` freed of deadline and cancellation, for work that must go on when the caller is gone, as Go's
 * `context.WithoutCancel`. Trace context and baggage are kept.
 *
 * @param parent default: the active context
 */
export function detach<T>(fn: (context: Context) => T, parent?: Context): T {
  checkFunction('detach', fn);
  const context = deleteScope(contextOr('detach', parent));
  return contextApi.with(context, () => fn(context));
}

/** `parent`, or the active context when it was left out. */
function contextOr(where: string, parent: Context | undefined): Context {
  if (parent === undefined) return contextApi.active();
  if (typeof parent?.getValue !== 'function') throw wrongType(where, 'a Context', parent);
  return parent;
}

function toDeadline(when: unknown): Deadline {
  if (isDeadline(when)) return when;
  if (isDate(when)) return Deadline.at(when);
  throw wrongType('withDeadline', 'a Date or a Deadline', when);
}

function runIn<T>(outer: Context, scope: Scope, fn: (context: Context) => T): T {
  const context = setScope(outer, scope);
  let pending = false;
  try {
    return contextApi.with(context, () => {
      const result = fn(context);
      if (!isThenable(result)) return result;
      pending = true;
      return completeWhenSettled(scope, result) as T;
    });
  } finally {
    if (!pending) scope.complete();
  }
}

function completeWhenSettled(scope: Scope, result: PromiseLike<unknown>): PromiseLike<unknown> {
  // A query builder runs its query each time that `then` is called: only once then, and in the narrowed context.
  const promise = result instanceof Promise ? result : new Promise((resolve, reject) => result.then(resolve, reject));
  // The promise that follows is returned: a `then` on the side would make a rejection that nobody handles look handled.
  return promise.finally(() => scope.complete());
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

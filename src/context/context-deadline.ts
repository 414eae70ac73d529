import type { Context } from '@opentelemetry/api';
import { wrongType } from '../check-argument.js';
import { NEVER } from '../time/clock.js';
import { checkContext, contextOr } from './context-argument.js';
import { deleteScope, getScope, openScope, parentScope, setScope } from './context-scope.js';
import { type Deadline, earlier, isDeadline } from './deadline.js';
import { signalOf } from './scope/watch.js';

/**
 * The deadline that binds work in `context`, the earliest one; `undefined` when there is none.
 *
 * @throws TypeError when `context` is not a `Context`
 */
export function getDeadline(context: Context): Deadline | undefined {
  return getScope(checkContext('getDeadline', context))?.effectiveDeadline();
}

/**
 * A copy of `context` with `deadline`. A deadline only shrinks: when `context` has an earlier one or an equal one,
 * `context` itself is returned.
 *
 * Prefer `withDeadline`: it removes its timer when the function that it runs has settled. The end of the work under a
 * context of `setDeadline` is not known.
 *
 * @throws TypeError when `context` is not a `Context`, or `deadline` not a `Deadline`
 */
export function setDeadline(context: Context, deadline: Deadline): Context {
  if (!isDeadline(deadline)) throw wrongType('setDeadline', 'a Deadline', deadline);
  const parent = parentScope(checkContext('setDeadline', context));
  const bound = parent?.effectiveDeadline();
  if (deadline.due === NEVER || earlier(bound, deadline) === bound) return context;
  return setScope(context, openScope(context, deadline, 'free'));
}

/**
 * A copy of `context` without deadline and without cancellation.
 *
 * @throws TypeError when `context` is not a `Context`
 */
export function deleteDeadline(context: Context): Context {
  return deleteScope(checkContext('deleteDeadline', context));
}

/**
 * How long the caller still waits, in ms, with fractions: 0 when the deadline has passed or the caller has gone away,
 * `Infinity` when there is no deadline.
 *
 * @param context default: the active context
 * @throws TypeError when `context` is not a `Context`
 */
export function remainingTime(context?: Context): number {
  return getScope(contextOr('remainingTime', context))?.remaining() ?? NEVER;
}

/**
 * A signal that aborts when the deadline passes or the caller goes away. Its `reason` is a `DeadlineExceededError` or
 * a `CallCancelledError`. Each call returns the same signal; `undefined` when the context has neither a deadline nor a
 * caller.
 *
 * The signal never aborts once the work is complete: the function that was passed to `withTimeout` has settled, or the
 * response to the request has been sent.
 *
 * A listener runs in no request's context when the deadline passes, and in the context of the code that cancels when
 * the call is cancelled. Bind a listener that needs its own context (`context.bind`).
 *
 * @param context default: the active context
 * @throws TypeError when `context` is not a `Context`
 */
export function abortSignal(context?: Context): AbortSignal | undefined {
  const scope = getScope(contextOr('abortSignal', context));
  return scope && signalOf(scope);
}

/**
 * Throws when the deadline has passed or the caller has gone away. The error is the `reason` of {@link abortSignal}.
 *
 * @param context default: the active context
 * @throws DeadlineExceededError or CallCancelledError; TypeError when `context` is not a `Context`
 */
export function throwIfExceeded(context?: Context): void {
  const ending = getScope(contextOr('throwIfExceeded', context))?.ended();
  if (ending !== undefined) throw ending.reason;
}

import { type Context, context as contextApi } from '@opentelemetry/api';
import { wrongType } from '../check-argument.js';
import { NEVER } from '../time/clock.js';
import { deleteScope, getScope, parentScope, setScope } from './context-scope.js';
import { type Deadline, earlier, isDeadline } from './deadline.js';
import { Scope } from './scope/scope.js';
import { signalOf } from './scope/watch.js';

/** The deadline that binds work in `context`; `undefined` when there is none. */
export function getDeadline(context: Context): Deadline | undefined {
  return getScope(context)?.effectiveDeadline();
}

/**
 * A context with `deadline`, otherwise as `context`. A deadline only shrinks: when `context` has an earlier one
 * already, `context` itself is returned.
 *
 * Nothing tells when work under the returned context is done; prefer `withDeadline`, which knows.
 *
 * @throws TypeError when `deadline` is not a `Deadline`
 */
export function setDeadline(context: Context, deadline: Deadline): Context {
  if (!isDeadline(deadline)) throw wrongType('setDeadline', 'a Deadline', deadline);
  const parent = parentScope(context);
  const bound = parent?.effectiveDeadline();
  if (deadline.due === NEVER || earlier(bound, deadline) === bound) return context;
  return setScope(context, new Scope(parent, deadline, 'free'));
}

/** A context with neither deadline nor cancellation, otherwise as `context`. */
export function deleteDeadline(context: Context): Context {
  return deleteScope(context);
}

/**
 * How long the caller still waits, in ms, with fractions: 0 when the deadline has passed or the caller has gone,
 * `Infinity` when there is no deadline.
 *
 * @param context default: the active context
 */
export function remainingTime(context: Context = contextApi.active()): number {
  return getScope(context)?.remaining() ?? NEVER;
}

/**
 * A signal that aborts when the deadline passes or the caller goes away; its `reason` is a `DeadlineExceededError` or
 * a `CallCancelledError`. The same object each time; `undefined` when neither can happen.
 *
 * Once the work that it belongs to is complete (the function given to `withTimeout` has settled, the response has been
 * sent) the signal never aborts. Listeners run outside of any request's context at the deadline, and in that of whoever
 * cancels on a cancel: bind them (`context.bind`) if they need their own.
 *
 * @param context default: the active context
 */
export function abortSignal(context: Context = contextApi.active()): AbortSignal | undefined {
  const scope = getScope(context);
  return scope && signalOf(scope);
}

/**
 * Throws what the `reason` of {@link abortSignal} is or would be, when the deadline has passed or the caller has gone.
 *
 * @param context default: the active context
 * @throws DeadlineExceededError or CallCancelledError
 */
export function throwIfExceeded(context: Context = contextApi.active()): void {
  const ending = getScope(context)?.ended();
  if (ending !== undefined) throw ending.reason;
}

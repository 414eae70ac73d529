import {
  type Context,
  context as contextApi,
  defaultTextMapGetter,
  diag,
  propagation,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import { checkFunction, wrongType } from '../check-argument.js';
import { parentScope } from '../context/context-scope.js';
import { Deadline } from '../context/deadline.js';
import { expectContextManager } from '../context/expect-context-manager.js';
import { type Handler, Scope } from '../context/scope/scope.js';
import { runInScope } from '../context/with-scope.js';
import { deleteCaller, setCaller } from './caller-key.js';

/**
 * Runs `fn` for a caller whose fields are in `carrier`, as a server runs its handler: for calls that arrive over a
 * transport of your own (RPC over NATS, Redis or WebSocket, AWS Lambda), whose caller waits for the result. Not for jobs
 * from a queue: no caller waits for those.
 *
 * The fields are extracted by the global propagator. The deadline of `fn` is the one in `carrier`, counted from now, or
 * that of the active context, whichever is earlier. It takes effect as with `withTimeout`: in `abortSignal`,
 * `remainingTime` and the calls that `fn` makes. `fn` runs even when no time is left: use `throwIfExceeded`. The work is
 * complete when `fn` has returned or, if it returned a promise, when that has settled.
 *
 * Trace context and baggage are those of `carrier`; what it does not have is that of the active context. A span that is
 * active and belongs to the caller's trace stays active: an instrumentation has started it for this call.
 *
 * It works with and without `DeadlineInstrumentation`, in `mode: 'observe'` too. A carrier that cannot be read, or a
 * propagator that carries no deadline, means that the caller has sent none.
 *
 * @param carrier the fields of the call, whatever `getter` reads. May be used for several calls: each starts anew
 * @param fn gets the context of the call, which is also the active one where a context manager is registered, and
 *   `cancel(reason?)`: to be called when the caller goes away. It aborts the work with a `CallCancelledError`, with
 *   `reason` as its `cause`. Only the first call has an effect, and none once `fn` has settled
 * @param getter reads `carrier`. Default: the properties of an object, whose names are in lower case
 * @returns what `fn` returned; for a promise, one of the same class that follows it
 * @throws TypeError when `fn` is no function or `getter` no getter; what `fn` throws
 */
export function withCaller<Carrier, T>(
  carrier: Carrier,
  fn: (context: Context, cancel: (reason?: unknown) => void) => T,
  getter: TextMapGetter<Carrier> = defaultTextMapGetter,
): T {
  checkFunction('withCaller', fn);
  if (typeof getter?.get !== 'function') throw wrongType('withCaller', 'a TextMapGetter', getter);
  expectContextManager('withCaller', fn);
  const caller = new Caller();
  const active = contextApi.active();
  const extracted = extract(setCaller(active, caller), carrier, getter);
  const scope = caller.scope ?? ownedScope(parentScope(extracted), parentScope(active));
  scope.handler ??= AT_WORK;
  return runInScope(deleteCaller(extracted), scope, (context) => fn(context, (reason) => scope.cancel(reason)));
}

/** `runInScope` waits for the handler. */
const AT_WORK: Handler = { awaitSettled: () => true };

/** Adopts the deadline that a propagator finds. */
class Caller {
  /** `undefined` where no deadline was found, no instrumentation is enabled, or a server has adopted it already. */
  scope: Scope | undefined = undefined;

  openScope(budget: number | undefined, parent: Scope | undefined): Scope {
    const deadline = budget === undefined ? undefined : Deadline.fromCaller(budget);
    if (this.scope === undefined) this.scope = new Scope(parent, deadline, 'owned');
    else if (deadline !== undefined) this.scope.narrow(deadline);
    return this.scope;
  }
}

/** What the global propagator extracts into `active`; `active` itself where it throws. */
function extract<Carrier>(active: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
  try {
    const extracted = propagation.extract(active, carrier, getter);
    const span = trace.getSpan(active);
    const here = span?.spanContext();
    const isOfCall = here?.isRemote !== true && here?.traceId === trace.getSpanContext(extracted)?.traceId;
    return span !== undefined && isOfCall ? trace.setSpan(extracted, span) : extracted;
  } catch (error) {
    diag.error('withCaller: nothing was extracted, because the propagator failed', error);
    return active;
  }
}

/**
 * A scope that completes with the call.
 *
 * @param found the scope in the extracted context. Without an instrumentation a propagator opens one that nobody
 *   completes: its deadline is taken over
 * @param before the scope in the context that was active
 */
function ownedScope(found: Scope | undefined, before: Scope | undefined): Scope {
  if (found === undefined || found === before || found.owned) return new Scope(found, undefined, 'owned');
  return new Scope(found.parent, found.deadline, 'owned');
}

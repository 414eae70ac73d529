import { type Context, createContextKey } from '@opentelemetry/api';
import type { Inbound } from './inbound.js';

// In the context, not on the carrier: a carrier may be a string, frozen, or used for several calls. The propagator may be
// of another copy of this package, for which the key is the same.
const CALLER_KEY = createContextKey('opentelemetry-propagator-deadline caller');

/** What adopts the deadline that is extracted into `context`; `undefined` outside of `withCaller`. */
export function callerIn(context: Context): Pick<Inbound, 'openScope'> | undefined {
  return context.getValue(CALLER_KEY) as Pick<Inbound, 'openScope'> | undefined;
}

/** A copy of `context`; `caller` adopts the deadline that is extracted into it. */
export function setCaller(context: Context, caller: Pick<Inbound, 'openScope'>): Context {
  return context.setValue(CALLER_KEY, caller);
}

/** A copy of `context` in which nothing adopts a deadline. */
export function deleteCaller(context: Context): Context {
  return context.deleteValue(CALLER_KEY);
}

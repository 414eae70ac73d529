import { type Context, createContextKey } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { deleteScope, getScope } from '../../context/context-scope.js';
import { Deadline } from '../../context/deadline.js';
import { Origin } from '../../context/scope/origin.js';
import { Scope } from '../../context/scope/scope.js';
import type { Transport } from '../../events.js';
import { contextForCall, hasLostContext } from '../lost-context/lost-contexts.js';

/** The limit of a shared call, in ms. */
const SHARED_CALL_LIMIT = 30_000;

/** The origin of the errors of shared calls: they concern everybody who waits for such a call, and nobody knows who does. */
const EVERYBODYS = new Origin(false, []);
EVERYBODYS.isForeignTo = () => false;

/** The scope of a shared call. Not under the key of other scopes, because its limit is not the caller's: it is not sent. */
const SHARED_CALL = createContextKey('opentelemetry-propagator-deadline scope of a shared call');

/**
 * The context for a call that is about to be made in `active`: nearly always `active` itself.
 *
 * A shared call, whose result others may wait for as well, must not end with the request that happens to make it. It gets
 * a context with trace and baggage, freed from that request, and a limit of its own. Of calls that nothing binds, none is
 * asked about: they have no caller to be freed from.
 *
 * @param isShared whether the call is one that the option `client.shared` names
 * @param lifecycle `owned`: the caller of this function completes the scope of a shared call
 */
export function contextOfCall(
  active: Context,
  transport: Transport,
  isShared: () => boolean,
  lifecycle: 'free' | 'owned' = 'free',
): Context {
  if (getScope(active) === undefined && !hasLostContext(active)) return withoutFormerCall(active);
  return isShared() ? freeSharedCall(active, lifecycle) : contextForCall(active, transport);
}

/** `context` for a shared call that begins now. */
export function freeSharedCall(context: Context, lifecycle: 'free' | 'owned' = 'free'): Context {
  const scope = new Scope(undefined, Deadline.forSharedWork(SHARED_CALL_LIMIT), lifecycle);
  scope.origin = EVERYBODYS;
  return deleteScope(context).setValue(SHARED_CALL, scope);
}

/** The scope that binds a call in a context of {@link contextOfCall}. */
export function scopeOfCall(context: Context): Scope | undefined {
  return getScope(context) ?? scopeOfSharedCall(context);
}

/** Whether `context` belongs to a shared call. */
export function isSharedCall(context: Context): boolean {
  return scopeOfSharedCall(context) !== undefined;
}

function scopeOfSharedCall(context: Context): Scope | undefined {
  const scope = sharedCallIn(context)?.live();
  return scope === undefined || isTracingSuppressed(context) ? undefined : scope;
}

/**
 * A connection that a shared call has opened keeps the context of that call. What runs there later is no part of the call;
 * only `fetch`, which completes its scope, goes on in its context, to follow a redirect.
 */
function withoutFormerCall(context: Context): Context {
  const scope = sharedCallIn(context);
  return scope === undefined || scope.owned ? context : context.deleteValue(SHARED_CALL);
}

function sharedCallIn(context: Context): Scope | undefined {
  return context.getValue(SHARED_CALL) as Scope | undefined;
}

import { type Context, context as contextApi } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { Deadline } from './deadline.js';
import { overlay } from './overlay-context.js';
import { SCOPE_KEY } from './scope/key.js';
import { Origin, originOf, scopeAround } from './scope/origin.js';
import { type Lifecycle, Scope } from './scope/scope.js';

/**
 * Binds no work. A context with this scope was freed on purpose; a context without a scope has lost it, or has none.
 */
const FREED = new Scope(undefined, undefined, 'completed');

/**
 * The scope that binds work in `context`. No scope binds telemetry's own work, which runs in a context with tracing
 * suppressed: an export that starts inside a request must not end with the request.
 */
export function getScope(context: Context): Scope | undefined {
  const scope = parentScope(context);
  return scope === undefined || isTracingSuppressed(context) ? undefined : scope;
}

/** The parent of a new scope in `context`. A context with tracing suppressed has one as well. */
export function parentScope(context: Context): Scope | undefined {
  return (context.getValue(SCOPE_KEY) as Scope | undefined)?.live();
}

/** A copy of `context` with `scope`. */
export function setScope(context: Context, scope: Scope): Context {
  return overlay(context, undefined, undefined, scope);
}

/** A new scope in `context`, below the one that binds work there. */
export function openScope(context: Context, deadline: Deadline | undefined, lifecycle: Lifecycle): Scope {
  const parent = parentScope(context);
  const scope = new Scope(parent, deadline, lifecycle);
  if (parent === undefined) takeOrigin(scope, context);
  else joinRequest(scope, parent, context);
  return scope;
}

/** What is opened inside a request, below a scope of the application's own that outlives it, ends for that request as well. */
function joinRequest(scope: Scope, parent: Scope, context: Context): void {
  const active = contextApi.active();
  const around = context === active ? undefined : scopeAround(active);
  if (around === undefined || parent.isWithin(around) || around.isWithin(parent)) return;
  scope.origin = new Origin(false, [originOf(parent), originOf(around)]);
}

/** A copy of `context` that no scope binds. */
export function deleteScope(context: Context): Context {
  const isInside = scopeAround(context) !== undefined;
  return setScope(context, isInside ? takeOrigin(new Scope(undefined, undefined, 'completed'), context) : FREED);
}

/** Gives `scope`, which is below no other, the origin of the request that code in `context` works for. */
function takeOrigin(scope: Scope, context: Context): Scope {
  const around = scopeAround(context);
  if (around !== undefined) scope.origin = originOf(around);
  return scope;
}

/** Whether `context` has a scope, also one that has completed since or was deleted by {@link deleteScope}. */
export function knowsScope(context: Context): boolean {
  return context.getValue(SCOPE_KEY) !== undefined;
}

import { type Context, createContextKey } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { overlay } from './overlay-context.js';
import { Scope } from './scope/scope.js';

const SCOPE_KEY = createContextKey('opentelemetry-propagator-deadline scope');

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
  return overlay(context, SCOPE_KEY, scope);
}

/** A copy of `context` that no scope binds. */
export function deleteScope(context: Context): Context {
  return setScope(context, FREED);
}

/** Whether `context` has a scope, also one that has completed since or was deleted by {@link deleteScope}. */
export function knowsScope(context: Context): boolean {
  return context.getValue(SCOPE_KEY) !== undefined;
}

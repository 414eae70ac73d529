import { type Context, createContextKey } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { overlay } from './overlay-context.js';
import { Scope } from './scope/scope.js';

const SCOPE_KEY = createContextKey('opentelemetry-propagator-deadline scope');

/** Binds nobody. It tells work that was freed from work of which nobody said where it belongs. */
const FREED = new Scope(undefined, undefined, 'completed');

/**
 * The scope that binds work in `context`. Telemetry's own work (a context in which tracing is suppressed) is bound by
 * none: an export that starts inside a request must not die with it.
 */
export function getScope(context: Context): Scope | undefined {
  const scope = parentScope(context);
  return scope === undefined || isTracingSuppressed(context) ? undefined : scope;
}

/** The scope that a new one in `context` is a child of: also where telemetry's work is bound by none. */
export function parentScope(context: Context): Scope | undefined {
  return (context.getValue(SCOPE_KEY) as Scope | undefined)?.live();
}

/** A context that differs from `context` in its scope. */
export function setScope(context: Context, scope: Scope): Context {
  return overlay(context, SCOPE_KEY, scope);
}

/** A context that no scope binds, otherwise as `context`. */
export function deleteScope(context: Context): Context {
  return setScope(context, FREED);
}

/** Whether work in `context` has been given a scope, one that has completed since or was deleted included. */
export function knowsScope(context: Context): boolean {
  return context.getValue(SCOPE_KEY) !== undefined;
}

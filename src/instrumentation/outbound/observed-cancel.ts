import type { Scope } from '../../context/scope/scope.js';
import { now } from '../../time/clock.js';

/**
 * Observe mode: notes that the caller of a request has gone. The request's scope and its calls go on; the calls are
 * counted as cancelled, and those that start later as rejected.
 */
export function observeCancel(scope: Scope): void {
  scope.observedCancel ??= now();
  scope.watch?.observeCancel();
}

/** Whether {@link observeCancel} was called for `scope`, or for a scope above it. */
export function hasObservedCancel(scope: Scope): boolean {
  for (let each: Scope | undefined = scope; each !== undefined; each = each.parent)
    if (each.observedCancel !== undefined) return true;
  return false;
}

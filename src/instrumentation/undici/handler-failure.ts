import { EventEmitter } from 'node:events';
import type { EndReason } from '../../errors.js';
import { callError } from '../outbound/call-error.js';
import { rememberTarget } from '../outbound/failed-targets.js';

/**
 * The handler of a call, which undici informs of what becomes of the call.
 *
 * WORKAROUND undici 6 and 7: handlers have `onError` in version 6, `onResponseError` in version 8, and either in version 7,
 * whose own `fetch` has `onError` (no issue known); remove when undici 7 and Node 24 are no longer supported.
 */
export interface UndiciHandler {
  onResponseError?(controller: null, error: Error): void;
  onError?(error: Error): void;
}

/** Lets a call fail that has no request yet. */
export function failHandler(handler: UndiciHandler, reason: EndReason, target: string): void {
  const error = failure(handler, reason, target);
  if (handler.onResponseError) handler.onResponseError(null, error);
  else handler.onError?.(error);
}

/**
 * The error that a call fails with. `fetch` wraps the error that it gets, so it gets the scope's reason itself: the error
 * of `fetch` then has the reason as its `cause`.
 */
export function failure(handler: unknown, reason: EndReason, target: string): EndReason {
  expectError(handler);
  return isFetch(handler) ? withTarget(reason, target) : callError(reason, target);
}

/** The reason itself, with the target of the first call that failed for it. */
export function withTarget(reason: EndReason, target: string | undefined): EndReason {
  if (target === undefined) return reason;
  if (reason.target === undefined) Object.defineProperty(reason, 'target', { value: target });
  rememberTarget(reason, target);
  return reason;
}

/** Runs `inform`, which informs a handler. An error that the handler throws must not keep other calls from ending. */
export function withoutThrowing(inform: () => void): void {
  try {
    inform();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Keeps an abort of ours from crashing a process that has no listener for 'error' on the stream that `pipeline` returned.
 *
 * WORKAROUND undici >=6: only the handler of such a call knows that stream, as `ret` (no issue known); remove when the stream
 * is public.
 */
function expectError(handler: unknown): void {
  const ret = (handler as { ret?: unknown } | null | undefined)?.ret;
  if (ret instanceof EventEmitter && ret.listenerCount('error') === 0) ret.on('error', () => {});
}

/**
 * WORKAROUND undici >=6: nothing public tells the calls of `fetch` from others (no issue known); remove when something does.
 * The handler of `fetch` is an object literal (an application's may be, too); all others of undici are instances of a class.
 */
function isFetch(handler: unknown): boolean {
  const prototype = typeof handler === 'object' && handler !== null ? Object.getPrototypeOf(handler) : null;
  // Not compared with this realm's `Object.prototype`: a test runner has an `Object` of its own.
  return prototype !== null && Object.getPrototypeOf(prototype) === null;
}

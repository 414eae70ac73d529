import { EventEmitter } from 'node:events';
import type { EndReason } from '../../errors.js';
import { callError } from '../outbound/call-error.js';

/** Who is told what becomes of a call: by the first method from undici 7 on, if there is one. */
export interface UndiciHandler {
  onResponseError?(controller: null, error: Error): void;
  onError?(error: Error): void;
}

/** Lets a call fail of which undici has no request yet. */
export function fail(handler: UndiciHandler, reason: EndReason, target: string): void {
  const error = failure(handler, reason, target);
  if (handler.onResponseError) handler.onResponseError(null, error);
  else handler.onError?.(error);
}

/**
 * What a call fails with. `fetch` gets the scope's reason itself, because it wraps what it gets: its own error then has
 * the reason as `cause`.
 */
export function failure(handler: unknown, reason: EndReason, target: string): EndReason {
  expectError(handler);
  return isFetch(handler) ? withTarget(reason, target) : callError(reason, target);
}

/** An abort of ours must not crash a process that has no listener for 'error' on what `pipeline` has returned. */
function expectError(handler: unknown): void {
  const { ret } = Object(handler);
  if (ret instanceof EventEmitter && ret.listenerCount('error') === 0) ret.on('error', () => {});
}

/** The reason itself, which tells the target of the first call that failed for it. */
export function withTarget(reason: EndReason, target: string | undefined): EndReason {
  if (reason.target === undefined && target !== undefined) Object.defineProperty(reason, 'target', { value: target });
  return reason;
}

/** Tells a handler of its call's end. What it throws then must not keep other calls from being told of theirs. */
export function withoutThrowing(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** `fetch` gives undici an object literal (so may users), all else in undici an instance of a class. */
function isFetch(handler: unknown): boolean {
  const prototype = typeof handler === 'object' && handler !== null ? Object.getPrototypeOf(handler) : null;
  // Not compared with this realm's `Object.prototype`: a test runner has one of its own.
  return prototype !== null && Object.getPrototypeOf(prototype) === null;
}

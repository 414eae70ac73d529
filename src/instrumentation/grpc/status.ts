import { type EndReason, isDeadlineExceeded } from '../../errors.js';

/** The status codes that concern us; the integers are gRPC's own. */
export const CANCELLED = 1;
export const UNKNOWN = 2;
export const DEADLINE_EXCEEDED = 4;
export const RESOURCE_EXHAUSTED = 8;
export const INTERNAL = 13;

/** What a request may fail for that has made the call, as it may for an answer of HTTP of 499 or more. */
export const FAILURES: ReadonlySet<number> = new Set([
  CANCELLED,
  UNKNOWN,
  DEADLINE_EXCEEDED,
  RESOURCE_EXHAUSTED,
  INTERNAL,
  14,
  15,
]);

/**
 * How early a deadline of grpc-js may pass, in ms: it is on the wall clock, in whole ms, rounded down twice so that the
 * peer never gets more time than there is, and Node's timers are up to 1 ms early.
 */
export const EARLY = 5;

export function statusCodeOf(reason: EndReason): number {
  return isDeadlineExceeded(reason) ? DEADLINE_EXCEEDED : CANCELLED;
}

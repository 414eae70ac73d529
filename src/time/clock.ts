/**
 * Milliseconds on the monotonic clock, fractional; the origin is arbitrary.
 *
 * Every instant in this package is on this clock. The global is looked up on each call, so that the fake timers of a
 * test runner (jest, vitest, sinon) move it.
 */
export function now(): number {
  return performance.now();
}

/** The instant that never comes, and the time left until then. */
export const NEVER = Number.POSITIVE_INFINITY;

/** The longest delay that timers take, in ms: Node and browsers keep it as an int32 and fire longer ones at once. */
export const MAX_TIMER_DELAY = 0x7fff_ffff;

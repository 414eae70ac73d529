/**
 * The current instant: milliseconds on the monotonic clock, with fractions, from an arbitrary origin. Every instant in
 * this package is on this clock.
 *
 * The global is looked up on each call, so that the fake timers of a test runner (jest, vitest, sinon) move the clock.
 */
export function now(): number {
  return performance.now();
}

/** The instant that never comes, and the time left until then. */
export const NEVER = Number.POSITIVE_INFINITY;

/** The longest delay of a timer, in ms: Node and browsers store it as an int32, and fire longer timers at once. */
export const MAX_TIMER_DELAY = 0x7fff_ffff;

import type { WallClock } from './deadline-format.js';

/** 24 hours in ms. A deadline that is further away is a mistake. */
export const DAY = 86_400_000;

/**
 * The time left until a time on the wall clock, in ms: 0 when that is in the past, at any distance, as in Go; `null`
 * when it is further in the future than `clock.maxFuture`, by default 24 hours.
 *
 * @param epochMs ms since the epoch
 */
export function timeUntil(epochMs: number, clock: WallClock): number | null {
  const left = epochMs - clock.now();
  return left > (clock.maxFuture ?? DAY) ? null : Math.max(left, 0);
}

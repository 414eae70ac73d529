import type { WallClock } from './deadline-format.js';

/** A deadline further away than this is a mistake. */
export const DAY = 86_400_000;

/**
 * What is left until a time on the wall clock, in ms: 0 when it has passed, however long ago, as in Go; `null` when it is
 * further away than is plausible.
 *
 * @param epochMs ms since the epoch
 */
export function timeUntil(epochMs: number, clock: WallClock): number | null {
  const left = epochMs - clock.now();
  return left > (clock.maxFuture ?? DAY) ? null : Math.max(left, 0);
}

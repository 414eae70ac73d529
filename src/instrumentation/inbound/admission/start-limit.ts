import type { Load } from './event-loop-load.js';

/** Above this utilization too much has begun. */
const FULL = 0.99;
/** Below it the limit holds back work that could be done. */
const IDLE = 0.97;
/** By how much the limit grows at most in such an interval: for handlers that wait together, the loop looks idle. */
const GROWTH = 1.2;
/** Below it the loop has been idle for so long that the limit was wrong. */
const UNUSED = 0.5;
/**
 * For how long the loop has to be busy, in ms, before the limit is set: a short busy moment says nothing. One long look may
 * be enough, because handlers that begin together make long turns, and a look comes once a turn.
 */
const PROOF = 100;
/** A limit that is this much above what is unfinished has no effect any more. */
const SLACK = 100;

/**
 * The number of requests that may be unfinished at a time while the loop has no time. Without it a handler whose CPU time
 * comes after a wait (for its body, for a look-up) would begin for all callers at once, and finish in time for none.
 */
export class StartLimit {
  private limit = Number.POSITIVE_INFINITY;
  /** Whether the limit has held back a request since the last look. */
  private hasHeldBack = false;
  /** For how long the loop has been busy at each look, in ms. */
  private busyFor = 0;

  /** Whether another request may begin. */
  allows(unfinished: number): boolean {
    if (unfinished < Math.floor(this.limit)) return true;
    this.hasHeldBack = true;
    return false;
  }

  /**
   * Adjusts the limit after a look at the load.
   *
   * @param inTime how many may be unfinished at the present pace, if each is to finish in time
   */
  adjust(load: Load, unfinished: number, inTime: number, isWaiting: boolean): void {
    const { isBusy, utilization, recently, interval } = load;
    const wasBusyFor = this.busyFor;
    this.busyFor = isBusy ? wasBusyFor + interval : 0;
    const { limit, hasHeldBack } = this;
    this.hasHeldBack = false;
    if (wasBusyFor < PROOF && this.busyFor >= PROOF) {
      this.limit = Math.min(limit, Math.max(2, Math.min(unfinished, inTime)));
    } else if (hasHeldBack && recently < UNUSED) {
      // The load was of another kind: the requests wait for something else than this loop.
      this.limit = Number.POSITIVE_INFINITY;
    } else if (hasHeldBack && utilization < IDLE) {
      // As many as fill the loop, if all need as much of its time.
      this.limit = Math.max(limit + 1, limit * Math.min(GROWTH, 1 / utilization));
    } else if (utilization > FULL && unfinished >= Math.floor(limit)) {
      this.limit = Math.max(1, inTime);
    } else if (!isWaiting && !isBusy) {
      this.limit = limit > 2 * unfinished + SLACK ? Number.POSITIVE_INFINITY : limit + 1;
    }
  }
}

import { LOOK_INTERVAL, type Load } from './event-loop-load.js';

/** Above this utilization too much has begun. */
const FULL = 0.99;
/** Below it the limit holds back work that could be done. */
const IDLE = 0.97;
/** What remains of the limit after an interval of {@link LOOK_INTERVAL} in which the loop was full. */
const CUT = 0.95;
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
  /** How many looks in a row have found the loop busy. */
  private busyLooks = 0;

  /** Whether another request may begin. */
  allows(unfinished: number): boolean {
    if (unfinished < Math.floor(this.limit)) return true;
    this.hasHeldBack = true;
    return false;
  }

  /** Adjusts the limit after a look at the load. */
  adjust({ isBusy, utilization, interval }: Load, unfinished: number, isWaiting: boolean): void {
    this.busyLooks = isBusy ? this.busyLooks + 1 : 0;
    const { limit, hasHeldBack } = this;
    this.hasHeldBack = false;
    // A single busy moment says nothing: a handler, a collection of garbage.
    if (this.busyLooks === 2) {
      // What is unfinished has proved to be too much.
      this.limit = Math.min(limit, Math.max(2, Math.ceil(unfinished / 2)));
    } else if (hasHeldBack && utilization < IDLE) {
      // As many as fill the loop, if all need as much of its time.
      this.limit = Math.max(limit + 1, limit / Math.max(utilization, 0.1));
    } else if (utilization > FULL && unfinished >= Math.floor(limit)) {
      this.limit = Math.max(1, limit * Math.max(0.5, CUT ** (interval / LOOK_INTERVAL)));
    } else if (!isWaiting && !isBusy) {
      this.limit = limit > 2 * unfinished + SLACK ? Number.POSITIVE_INFINITY : limit * 1.1 + 1;
    }
  }
}

import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** How often the load is looked at, in ms. */
export const LOOK_INTERVAL = 20;
/** In ms. */
const RECENTLY = 100;
/** The share of its time for which the event loop of a busy process runs code. */
const BUSY = 0.95;

/** How busy a thread is. */
export interface Load {
  readonly isBusy: boolean;
  /** The share of its time for which the loop ran code before the last look, 0 to 1. */
  readonly utilization: number;
  /** The same over about the last {@link RECENTLY} ms. */
  readonly recently: number;
  /** The time between the last two looks, in ms. */
  readonly interval: number;
  /** Looks again, if the last look was long enough ago. Returns whether it has. */
  look(instant: number): boolean;
}

/**
 * How busy the event loop has been lately. Not its lag: under overload each turn is as long as one handler, because Node
 * accepts one connection in a turn, and the queue stands in the kernel.
 */
export class EventLoopLoad implements Load {
  utilization = 0;
  recently = 0;
  interval = LOOK_INTERVAL;
  private mark: EventLoopUtilization = performance.eventLoopUtilization();
  private lookedAt = Number.NEGATIVE_INFINITY;

  get isBusy(): boolean {
    return this.utilization > BUSY;
  }

  look(instant: number): boolean {
    const interval = instant - this.lookedAt;
    if (interval < LOOK_INTERVAL) return false;
    const mark = performance.eventLoopUtilization();
    // The first look is about the start of the process, in which modules were loaded.
    const isFirst = interval === Number.POSITIVE_INFINITY;
    this.utilization = isFirst ? 0 : performance.eventLoopUtilization(mark, this.mark).utilization;
    this.interval = isFirst ? LOOK_INTERVAL : interval;
    this.recently += (this.utilization - this.recently) * Math.min(1, this.interval / RECENTLY);
    this.mark = mark;
    this.lookedAt = instant;
    return true;
  }
}

import { checkDuration, checkOptions } from '../check-argument.js';
import { DAY } from '../wire/formats/clock-time.js';
import type { DeadlineFormat } from '../wire/formats/deadline-format.js';

/** Limits on the clock times that callers send. */
export interface ClockLimits {
  /**
   * Is added to each time that arrives, in ms, 0 or more: how far the clocks of callers may be behind. Default: 0.
   */
  readonly skew?: number;
  /** How far in the future a time may be, in ms, 0 or more; a later one is ignored as a mistake. Default: 24 hours. */
  readonly maxFuture?: number;
}

/**
 * A copy of a format that sends clock times, with other limits: `withClockLimits(xDeadline, { skew: 200 })`.
 *
 * @throws TypeError or RangeError that names the option and quotes what it got
 */
export function withClockLimits(format: DeadlineFormat, limits: ClockLimits): DeadlineFormat {
  checkOptions('withClockLimits', limits, ['skew', 'maxFuture']);
  const { skew = 0, maxFuture = DAY } = limits;
  checkDuration('skew', skew);
  checkDuration('maxFuture', maxFuture);
  return {
    field: format.field,
    parse: (text, clock) => format.parse(text, { now: () => clock.now() - skew, maxFuture }),
    format: format.format.bind(format),
  };
}

import { parseDecimal } from '../number.js';
import { timeUntil } from './clock-time.js';
import { type DeadlineFormat, deadlineFormat } from './deadline-format.js';

/**
 * A header of your own with a time in ms since the epoch: `1767607207984`, as JavaScript's `Date.now` and Java's
 * `currentTimeMillis` return it. A fraction is dropped. At most 15 digits before the point.
 */
export function epochMs(headerName: string): DeadlineFormat {
  return deadlineFormat({
    field: headerName,
    parse(text, clock) {
      const time = parseDecimal(text, 15, 0);
      return time === null ? null : timeUntil(time, clock);
    },
    format: (ms, clock) => String(clock.now() + ms),
  });
}

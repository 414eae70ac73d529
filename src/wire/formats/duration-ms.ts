import { parseDecimal } from '../number.js';
import { type DeadlineFormat, deadlineFormat } from './deadline-format.js';

/**
 * A header of one's own with a duration in ms: `7984`. A fraction is dropped, a negative number is exhausted, as is 0, which
 * is what a spent budget is sent as. At most 10 digits before the point.
 */
export function durationMs(headerName: string): DeadlineFormat {
  return deadlineFormat({
    field: headerName,
    parse: (text) => parseDecimal(text, 10, 0),
    format: String,
  });
}

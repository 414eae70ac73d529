import { parseDecimal } from '../number.js';
import { type DeadlineFormat, deadlineFormat } from './deadline-format.js';

/**
 * A header of your own with a duration in ms: `7984`. A fraction is dropped. At most 10 digits before the point.
 *
 * 0 or less is exhausted, and an exhausted budget is sent as 0.
 */
export function durationMs(headerName: string): DeadlineFormat {
  return deadlineFormat({
    field: headerName,
    parse: (text) => parseDecimal(text, 10, 0),
    format: String,
  });
}

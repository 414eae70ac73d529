import { timeUntil } from './clock-time.js';
import { deadlineFormat } from './deadline-format.js';

/** `date-time` of RFC 3339, section 5.6: date and time, fraction, offset. */
const DATE_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * `x-deadline: 2026-01-05T10:00:07.984Z`: a time in the form of RFC 3339, section 5.6, with any offset from UTC, as in
 * hand-written Go services. Reads the output of Go's `time.RFC3339`, which has whole seconds. Writes milliseconds,
 * which Go's parser reads. Finer fractions are dropped.
 */
export const xDeadline = /* @__PURE__ */ deadlineFormat({
  field: 'x-deadline',
  parse(text, clock) {
    const [, time, fraction = '.', offset] = DATE_TIME.exec(text.toUpperCase()) ?? [];
    // Some engines read the 30th of February as the 2nd of March. A leap second is not valid, as in Go.
    if (time === undefined || !new Date(`${time}Z`).toJSON()?.startsWith(time)) return null;
    return timeUntil(Date.parse(time + fraction.padEnd(4, '0').slice(0, 4) + offset), clock);
  },
  format: (ms, clock) => new Date(clock.now() + ms).toISOString(),
});

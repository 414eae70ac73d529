import { timeUntil } from './clock-time.js';
import { type DeadlineFormat, deadlineFormat } from './deadline-format.js';

/** Two whole numbers as a signed 64-bit integer holds them, one space between them. */
const TIMESTAMP_AND_DEADLINE = /^-?\d{1,19} (-?)(\d{1,19})$/;

/**
 * Finagle's `finagle-ctx-com.twitter.finagle.deadline: 1767607208000000000 1767607215984000000`: the time at which the
 * header was sent, and the deadline, in ns since the epoch (Finagle, `HttpDeadline`). The second number counts, rounded
 * down to ms.
 *
 * @param headerName `l5d-ctx-deadline` for linkerd 1 (linkerd 1 documentation, HTTP Headers, Context Headers)
 */
export function finagleDeadline(headerName = 'finagle-ctx-com.twitter.finagle.deadline'): DeadlineFormat {
  return deadlineFormat({
    field: headerName,
    parse(text, clock) {
      const [, sign, deadline] = TIMESTAMP_AND_DEADLINE.exec(text) ?? [];
      if (deadline === undefined) return null;
      // A double can't hold all digits. The last six are fractions of a ms; a number with fewer digits is 0 ms.
      return timeUntil(sign === '-' ? 0 : Number(deadline.slice(0, -6)), clock);
    },
    format(ms, clock) {
      const now = clock.now();
      return `${now}000000 ${now + ms}000000`;
    },
  });
}

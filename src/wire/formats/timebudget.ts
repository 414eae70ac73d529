import { parseInteger } from '../number.js';
import { smallestValue } from '../value-list.js';
import type { DeadlineFormat } from './deadline-format.js';

/**
 * The header that carries the budget. In lower case and without hyphens, like `traceparent` and `baggage`: some
 * carriers are case-sensitive, and some transports forbid hyphens.
 */
export const TIMEBUDGET = 'timebudget';

/** A value with more digits is a mistake: a clock time, or nanoseconds. */
const MAX_DIGITS = 10;

/**
 * An integer or decimal (RFC 9651, sections 3.3.1 and 3.3.2) with any parameters (3.1.2). The fraction is dropped,
 * which rounds down.
 */
const NUMBER = /^(-?\d+)(?:\.\d+)?(?:;(?:[^",]|"(?:[^"\\]|\\[\s\S])*")*)?$/;

/**
 * The default format of this package. `timebudget: 7984`: the whole ms that the caller has left, at most 10 digits. See
 * docs/wire-format.md.
 *
 * 0 is exhausted, and an exhausted budget is sent as 0.
 */
export const timebudget: DeadlineFormat = {
  field: TIMEBUDGET,
  // Nearly every sender writes a single integer.
  parse: (text) => parseInteger(text, MAX_DIGITS) ?? smallestValue(text, parseMember),
  format: String,
};

function parseMember(member: string): number | null {
  return parseInteger(NUMBER.exec(member)?.[1] ?? '', MAX_DIGITS);
}

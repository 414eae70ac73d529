import { parseInteger } from '../number.js';
import { smallestValue } from '../value-list.js';
import type { DeadlineFormat } from './deadline-format.js';

/**
 * The field that carries the budget, in the spelling of `traceparent` and `baggage`: some carriers are case-sensitive,
 * some transports forbid hyphens.
 */
export const TIMEBUDGET = 'timebudget';

/** More digits are not a budget but a mistake: a clock time, nanoseconds. */
const MAX_DIGITS = 10;

/**
 * An integer or decimal (RFC 9651, sections 3.3.1 and 3.3.2) with any parameters (3.1.2). What is before the point counts,
 * which rounds down.
 */
const NUMBER = /^(-?\d+)(?:\.\d+)?(?:;(?:[^",]|"(?:[^"\\]|\\[\s\S])*")*)?$/;

/**
 * Our own: `timebudget: 7984`, the whole ms that the caller has left, at most 10 digits. See docs/wire-format.md.
 *
 * 0 is exhausted, and is what a spent budget is sent as.
 */
export const timebudget: DeadlineFormat = {
  field: TIMEBUDGET,
  // One integer and nothing else is what nearly every sender writes.
  parse: (text) => parseInteger(text, MAX_DIGITS) ?? smallestValue(text, parseMember),
  format: String,
};

function parseMember(member: string): number | null {
  return parseInteger(NUMBER.exec(member)?.[1] ?? '', MAX_DIGITS);
}

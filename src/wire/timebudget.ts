/**
 * The request field that carries the budget, in the spelling of `traceparent` and `baggage`: some carriers are
 * case-sensitive, some transports forbid hyphens.
 */
export const TIMEBUDGET = 'timebudget';

/** The largest value sent, in ms: what a signed 32-bit integer holds, 24.8 days. */
const MAX_SENT = 0x7fff_ffff;

/** More digits are not a budget but a mistake: a clock time, nanoseconds. */
const MAX_DIGITS = 10;

/** How much of a list is looked at. A hop or two may have added a member to it; nobody adds a hundred. */
const MAX_MEMBERS = 8;
/** How many characters of the field are looked at. */
export const TIMEBUDGET_LENGTH = 256;

/**
 * A list member that is a number, and the comma after it: an integer or decimal (RFC 9651, sections 3.3.1 and 3.3.2)
 * with any parameters (3.1.2). A comma in a quoted parameter does not end the member.
 */
const NUMBER_MEMBER = /[ \t]*(-?)([0-9]+)(?:\.[0-9]+)?(?:;(?:[^",]|"(?:[^"\\]|\\[\s\S])*")*)?[ \t]*(?:,|$)/y;

/** Any other member, and the comma after it. */
const OTHER_MEMBER = /(?:[^",]|"(?:[^"\\]|\\[\s\S])*"|")*(?:,|$)/y;

/**
 * Reads a `timebudget` field: a list of integers, of which the smallest counts.
 *
 * @param text the field's value; several field lines joined by commas. Any text; never throws
 * @returns the budget in whole ms, 0 to 9999999999, where 0 is exhausted; `null` when no member is valid
 */
export function parseTimebudget(text: string): number | null {
  return parseInteger(text) ?? parseList(text);
}

/**
 * Writes a `timebudget` field: the whole milliseconds in `ms`, so that the receiver never believes that it has more.
 *
 * @param ms 0 or more
 */
export function formatTimebudget(ms: number): string {
  // `| 0` floors what fits into 32 bits, without a detour over floating point.
  return String(ms < MAX_SENT ? ms | 0 : MAX_SENT);
}

/** One integer and nothing else, which is what nearly every sender writes: a third of the time of a regular expression. */
function parseInteger(text: string): number | undefined {
  const { length } = text;
  if (length === 0 || length > MAX_DIGITS) return undefined;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

function parseList(text: string): number | null {
  // The member that crosses the limit is not looked at: half of a number is another number.
  const list =
    text.length > TIMEBUDGET_LENGTH ? text.slice(0, Math.max(text.lastIndexOf(',', TIMEBUDGET_LENGTH), 0)) : text;
  let smallest: number | null = null;
  let position = 0;
  for (let members = 0; members < MAX_MEMBERS && position < list.length; members++) {
    NUMBER_MEMBER.lastIndex = position;
    const match = NUMBER_MEMBER.exec(list);
    if (match === null) {
      OTHER_MEMBER.lastIndex = position;
      OTHER_MEMBER.test(list);
      position = OTHER_MEMBER.lastIndex;
      continue;
    }
    position = NUMBER_MEMBER.lastIndex;
    const [, sign, digits = ''] = match;
    if (digits.length > MAX_DIGITS) continue;
    // A decimal's fraction is dropped, which floors it; what is negative has been exhausted already.
    const budget = sign === '-' ? 0 : Number(digits);
    if (smallest === null || budget < smallest) smallest = budget;
  }
  return smallest;
}

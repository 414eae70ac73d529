import { trimSpace } from './text.js';

/** The number of characters that are looked at in a field. */
export const FIELD_LENGTH = 256;
/** The number of members that are looked at in a list. A hop or two may have added one; no chain adds a hundred. */
const MAX_MEMBERS = 8;

/** A member and the comma after it. A comma in quotes (RFC 9110, section 5.6.4) does not end the member. */
const MEMBER = /(?:[^",]|"(?:[^"\\]|\\[\s\S])*"|")*(?:,|$)/g;

/**
 * The smallest value in a field. A field may be a list, because some clients add a header where they should replace it.
 *
 * @param text the field's value; several field lines joined by commas
 * @param parse returns the value of a member, or `null` when the member is not valid. Gets no empty member, and no
 *   white space around a member
 * @returns `null` when no member is valid
 */
export function smallestValue(text: string, parse: (member: string) => number | null): number | null {
  // A member that crosses the limit is not looked at: part of a number is another number.
  const list = text.length > FIELD_LENGTH ? text.slice(0, Math.max(text.lastIndexOf(',', FIELD_LENGTH), 0)) : text;
  const values = (list.match(MEMBER) ?? [])
    .slice(0, MAX_MEMBERS)
    .map((member) => trimSpace(member.replace(/,$/, '')))
    .map((member) => (member === '' ? null : parse(member)))
    .filter((value) => value !== null);
  return values.length === 0 ? null : Math.min(...values);
}

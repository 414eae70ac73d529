import { trimSpace } from './text.js';

/** How many characters of a field are looked at. */
export const FIELD_LENGTH = 256;
/** How much of a list is looked at. A hop or two may have added a member to it; nobody adds a hundred. */
const MAX_MEMBERS = 8;

/** A member and the comma after it. A comma in quotes (RFC 9110, section 5.6.4) does not end it. */
const MEMBER = /(?:[^",]|"(?:[^"\\]|\\[\s\S])*"|")*(?:,|$)/g;

/**
 * The smallest value in a field that is a list, because some clients add a field where they should replace it.
 *
 * @param text the field's value; several field lines joined by commas
 * @param parse the value of a member, without white space around it and not empty; `null` when it is not valid
 * @returns `null` when no member is valid
 */
export function smallestValue(text: string, parse: (member: string) => number | null): number | null {
  // The member that crosses the limit is not looked at: half of a number is another number.
  const list = text.length > FIELD_LENGTH ? text.slice(0, Math.max(text.lastIndexOf(',', FIELD_LENGTH), 0)) : text;
  const values = (list.match(MEMBER) ?? [])
    .slice(0, MAX_MEMBERS)
    .map((member) => trimSpace(member.replace(/,$/, '')))
    .map((member) => (member === '' ? null : parse(member)))
    .filter((value) => value !== null);
  return values.length === 0 ? null : Math.min(...values);
}

import { trimSpace } from '../text.js';

// W3C Trace Context Level 2, section Tracestate Header.
/** At most 32 members, of which some may be empty. The length of keys and values is not checked. */
const LIST = /^(?:[ \t]*(?:[a-z\d][a-z\d_*/@-]*=[ -+\--<>-~]*[!-+\--<>-~][ \t]*)?(?:,|$)){1,32}$/;
/** The most characters of a key, and of a value. */
const MAX_TEXT = 256;
const MAX_MEMBERS = 32;
/** Section tracestate Limits: so many characters should be propagated, or more. core propagates as many. */
const MAX_LENGTH = 512;
/** Same section: larger members should be removed first. */
const LARGE = 128;

/** The most characters that are looked at. A list that is longer is cut at a comma. */
export const TRACESTATE_CEILING = 2048;

/**
 * Checks a `tracestate` field.
 *
 * @returns `text` itself, or without the members that are too much; empty when the list is empty or not grammatical
 */
export function checkTracestate(text: string): string {
  const list = text.length > TRACESTATE_CEILING ? text.slice(0, text.lastIndexOf(',', TRACESTATE_CEILING) + 1) : text;
  if (!list.includes('=') || !LIST.test(list)) return '';
  // No key and no value of a short list can be too long.
  if (list.length <= MAX_TEXT) return list;
  const members = splitMembers(list);
  if (!members.every(isShort)) return '';
  return list.length > MAX_LENGTH ? joinMembers(members) : list;
}

/** The members of a grammatical list, without empty ones. */
export function splitMembers(list: string): string[] {
  return list.split(',').map(trimSpace).filter(Boolean);
}

/** A list of those members that the limits allow: large ones are left out first, then the last ones. */
export function joinMembers(members: readonly string[]): string {
  const kept = members.slice(0, MAX_MEMBERS);
  let excess = kept.join().length - MAX_LENGTH;
  while (excess > 0) {
    // -1 without a large member, which removes the last one.
    const [removed = ''] = kept.splice(kept.map((member) => member.length > LARGE).lastIndexOf(true), 1);
    excess -= removed.length + 1;
  }
  return kept.join();
}

/** `key=value`; `undefined` when the key or the value is not grammatical. */
export function formatMember(key: unknown, value: unknown): string | undefined {
  if (typeof key !== 'string' || typeof value !== 'string') return undefined;
  const member = `${key}=${value}`;
  const isOne = splitMembers(member)[0] === member;
  return isOne && checkTracestate(member) === member ? member : undefined;
}

function isShort(member: string): boolean {
  const key = member.indexOf('=');
  return key <= MAX_TEXT && member.length - key - 1 <= MAX_TEXT;
}

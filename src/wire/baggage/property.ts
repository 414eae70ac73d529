import { OCTET, skipClass, skipSpace, TOKEN } from '../text.js';

/**
 * The end of the property at `start`, after its ";" and any white space: `key OWS "=" OWS value / key` (W3C Baggage,
 * section 3.2.1.1). White space behind the property is part of it. -1 when there is no property at `start`.
 */
export function skipProperty(text: string, start: number, end: number): number {
  const keyEnd = skipClass(text, start, end, TOKEN);
  if (keyEnd === start) return -1;
  const next = skipSpace(text, keyEnd, end);
  if (text.charCodeAt(next) !== 0x3d || next === end) return next;
  return skipSpace(text, skipClass(text, skipSpace(text, next + 1, end), end, OCTET), end);
}

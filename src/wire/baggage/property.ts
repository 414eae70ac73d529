import { OCTET, skipClass, skipSpace, TOKEN } from '../text.js';

/**
 * The end of the property that starts at `start` (after its ";" and any white space), or -1 when what stands there is
 * none: `key OWS "=" OWS value / key`. White space after it belongs to it.
 */
export function skipProperty(text: string, start: number, end: number): number {
  const keyEnd = skipClass(text, start, end, TOKEN);
  if (keyEnd === start) return -1;
  const next = skipSpace(text, keyEnd, end);
  if (text.charCodeAt(next) !== 0x3d || next === end) return next;
  return skipSpace(text, skipClass(text, skipSpace(text, next + 1, end), end, OCTET), end);
}

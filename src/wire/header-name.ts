import { isToken } from './text.js';

/**
 * A header's name (RFC 9110, section 5.1) in lower case, as the carriers of Node have it.
 *
 * @throws TypeError that quotes what is none
 */
export function headerName(name: unknown): string {
  if (typeof name === 'string' && isToken(name)) return name.toLowerCase();
  throw new TypeError(`expected the name of a header, got ${JSON.stringify(name)}`);
}

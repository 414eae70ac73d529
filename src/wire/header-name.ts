import { isToken } from './text.js';

/**
 * A header's name (RFC 9110, section 5.1) in lower case, as in the header objects of Node.
 *
 * @throws TypeError that quotes `name` when it is not the name of a header
 */
export function headerName(name: unknown): string {
  if (typeof name === 'string' && isToken(name)) return name.toLowerCase();
  throw new TypeError(`expected a header name, got ${JSON.stringify(name)}`);
}

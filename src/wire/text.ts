// The alphabets of HTTP fields and of W3C Baggage, section 3.2.1.1, as bits in one table over the first 256 code units.

/** `token` of RFC 7230, section 3.2.6: the characters of a key. */
export const TOKEN = 1;
/** `baggage-octet`: the characters of a value. */
export const OCTET = 2;
/** A `baggage-octet` that needs no decoding: all but `%`. */
export const LITERAL = 4;

const classes = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  let bits = 0;
  if (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(character)) bits |= TOKEN;
  if (/[\x21-\x7e]/.test(character) && !/[",;\\]/.test(character)) bits |= character === '%' ? OCTET : OCTET | LITERAL;
  return bits;
});

/**
 * The index of the first character of `text` from `start` on that is not of the class; `end` if there is none before
 * it.
 */
export function skipClass(text: string, start: number, end: number, bit: number): number {
  let i = start;
  while (i < end) {
    const code = text.charCodeAt(i);
    if (code > 0xff || ((classes[code] as number) & bit) === 0) break;
    i++;
  }
  return i;
}

/**
 * The index of the first character that is not optional white space: OWS of RFC 9110, section 5.6.3, space and tab
 * only.
 */
export function skipSpace(text: string, start: number, end: number): number {
  let i = start;
  while (i < end) {
    if (!isSpace(text.charCodeAt(i))) break;
    i++;
  }
  return i;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * `text` without optional white space around it. (`trim` strips more; `/ +$/` is quadratic in a long run of spaces.)
 */
export function trimSpace(text: string): string {
  const start = skipSpace(text, 0, text.length);
  let end = text.length;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Whether `text` is a `token`: one or more of its characters. */
export function isToken(text: string): boolean {
  return text.length > 0 && skipClass(text, 0, text.length, TOKEN) === text.length;
}

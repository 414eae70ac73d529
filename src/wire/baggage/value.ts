import { hexOctet } from '../hex.js';
import { LITERAL, skipClass } from '../text.js';

/** Runs of characters that must be escaped in a value: all but `baggage-octet`, and `%`. */
const ESCAPED = /[^!#$&-+\--:<-[\]-~]+/g;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** With `ignoreBOM` a byte order mark is kept as text. Without `fatal` octets that are not UTF-8 become U+FFFD. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
let octets = new Uint8Array(1024);

/**
 * The value of a member as text (W3C Baggage, section 3.2.1.3). Percent-encoded octets are decoded as UTF-8, octets
 * that are not UTF-8 become U+FFFD, and a `%` without two hexadecimal digits is kept.
 *
 * @param text `baggage-octet`s only
 */
export function decodeBaggageValue(text: string): string {
  return text.includes('%') ? percentDecode(text) : text;
}

/** `text` as the value of a member. Escapes no more than it must. A lone surrogate becomes U+FFFD. */
export function encodeBaggageValue(text: string): string {
  if (skipClass(text, 0, text.length, LITERAL) === text.length) return text;
  return text.replace(LONE_SURROGATE, '\ufffd').replace(ESCAPED, encodeURIComponent);
}

function percentDecode(text: string): string {
  const { length } = text;
  if (octets.length < length) octets = new Uint8Array(length);
  const lower = text.toLowerCase();
  let size = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    const octet = code === 0x25 ? hexOctet(lower, i + 1) : -1;
    if (octet >= 0) i += 2;
    octets[size++] = octet >= 0 ? octet : code;
  }
  return utf8.decode(octets.subarray(0, size));
}

import { LITERAL, skipClass } from './baggage-grammar.js';

/** Runs of what a value may not hold as it is: all but `baggage-octet`, and `%`. */
const ESCAPED = /[^!#$&-+\--:<-[\]-~]+/g;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** `ignoreBOM`: a byte order mark is text like any other here. Not `fatal`: what is not UTF-8 becomes U+FFFD. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
let octets = new Uint8Array(1024);

/**
 * The value of a member as text (W3C Baggage, section 3.2.1.3): percent-encoded octets are decoded as UTF-8, what is
 * not UTF-8 becomes U+FFFD, a `%` that starts no escape stands for itself.
 *
 * @param text `baggage-octet`s only
 */
export function decodeBaggageValue(text: string): string {
  return text.includes('%') ? percentDecode(text) : text;
}

/** `text` as the value of a member. Escapes what must be and nothing else; a lone surrogate becomes U+FFFD. */
export function encodeBaggageValue(text: string): string {
  if (skipClass(text, 0, text.length, LITERAL) === text.length) return text;
  return text.replace(LONE_SURROGATE, '\ufffd').replace(ESCAPED, encodeURIComponent);
}

function percentDecode(text: string): string {
  const { length } = text;
  if (octets.length < length) octets = new Uint8Array(length);
  let size = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    const octet = code === 0x25 ? hexOctet(text, i + 1) : -1;
    if (octet >= 0) i += 2;
    octets[size++] = octet >= 0 ? octet : code;
  }
  return utf8.decode(octets.subarray(0, size));
}

/** The octet that two hexadecimal digits at `index` stand for; negative when they are none. */
function hexOctet(text: string, index: number): number {
  return (hexDigit(text.charCodeAt(index)) << 4) | hexDigit(text.charCodeAt(index + 1));
}

/** The value of a hexadecimal digit; -1 for anything else, NaN (past the end) included. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

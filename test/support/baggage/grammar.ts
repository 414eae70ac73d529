// The grammar of W3C Baggage, section 3.3.1, transcribed rule by rule; nothing of it comes from src.

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const value = '[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]*';
const ows = '[ \\t]*';
const property = `(?:${token}${ows}=${ows}${value}|${token}${ows})`;
const listMember = `${token}${ows}=${ows}${value}(?:${ows};${ows}${property})*`;
const baggageString = new RegExp(`^${listMember}(?:${ows},${ows}${listMember})*$`);

export function isGrammatical(field: string): boolean {
  return baggageString.test(field);
}

export function memberCount(field: string): number {
  return field.split(',').length;
}

export function bytesOf(field: string): number {
  return Buffer.byteLength(field, 'utf8');
}

/** The characters of `token`, RFC 7230, section 3.2.6. */
export const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The characters of `baggage-octet`. */
export const OCTETS = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
  .filter((character) => !'",;\\'.includes(character))
  .join('');

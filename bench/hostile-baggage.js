/** `part` repeated up to a number of characters. */
function filled(part) {
  return (length) => part.repeat(Math.ceil(length / part.length)).slice(0, length);
}

/** 64 members, with a number of characters in total. Their values repeat `part`. */
function members(part) {
  return (length) =>
    Array.from({ length: 64 }, (_, i) => `key-${i}=${filled(part)(Math.floor(length / 64) - 8)}`).join(',');
}

/** @type {Record<string, (length: number) => string>} The headers by what they repeat. */
export const HOSTILE_SHAPES = {
  commas: filled(','),
  semicolons: (length) => `k=v${filled(';')(length - 3)}`,
  spaces: (length) => ` k=v${filled(' ')(length - 8)},b=1`,
  'bad escapes': (length) => `k=${filled('%zz')(length - 2)}`,
  'octets that are not UTF-8': (length) => `k=${filled('%80')(length - 2)}`,
  'octets that are not UTF-8, 64 members': members('%f0%9f%98'),
  'tiny members': filled('a=,'),
  'invalid members': filled('"a,'),
  duplicates: filled('k=v,'),
  'one huge member': (length) => `k=${filled('x')(length - 2)}`,
  'non-ASCII': filled('k=é,'),
  properties: (length) => `k=v${filled(';p=1')(length - 3)}`,
  'bad properties': (length) => `k=v${filled(';"')(length - 3)}`,
};

export function hostileField(shape, length) {
  return HOSTILE_SHAPES[shape](length);
}

/** The longest header that is accepted, with some escapes, as in names in many languages. */
export const VALID_FIELD = members('caf%C3%A9-value')(8192);

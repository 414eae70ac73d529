import fc from 'fast-check';
import type { BaggagePropagatorOptions } from '../../src/propagation/baggage/options.js';
import type { Entry } from '../support/baggage/carrier.js';
import { OCTETS, TOKEN_CHARACTERS } from '../support/baggage/grammar.js';
import { codePoint } from '../support/code-point.js';

/** Any text of UTF-16 code units, lone surrogates included. */
export const anyText = fc.string({
  unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
  maxLength: 30,
});
/** Text without lone surrogates. */
export const wellFormed = fc.string({ unit: codePoint, maxLength: 30 });

export const key = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 8 }) },
  fc.constantFrom('__proto__', 'constructor', '0', '10', 'a%23b', '%zz'),
);
const octets = fc.string({ unit: fc.constantFrom(...OCTETS), maxLength: 12 });
/** What stands between the parts of a member: mostly nothing. */
const space = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 }),
);

/** The value of a member as text, and one way to write it: escaped here and there more than it must be. */
export const writtenValue = fc.oneof(
  fc.tuple(wellFormed, fc.infiniteStream(fc.boolean())).map(([text, more]): [text: string, written: string] => {
    const write = (character: string) => (more.next().value ? escaped(character) : encodeURI(character));
    return [text, [...text].map((each) => (needsEscape(each) ? escaped(each) : write(each))).join('')];
  }),
);

const needsEscape = (character: string) => character === '%' || !OCTETS.includes(character);
const escaped = (character: string) =>
  [...Buffer.from(character)].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('');

const property = fc
  .tuple(key, space, fc.option(fc.tuple(space, octets)))
  .map(([name, before, value]) => (value === null ? name : `${name}${before}=${value[0]}${value[1]}`));
/** Valid properties, without white space around the whole. */
export const metadata = fc.array(fc.tuple(space, property, space), { minLength: 1, maxLength: 3 }).map((properties) =>
  properties
    .map((parts) => parts.join(''))
    .join(';')
    .replace(/[ \t]+$/, '')
    .replace(/^[ \t]+/, ''),
);

/** Metadata as applications may have it. */
export const anyMetadata = fc
  .oneof(metadata, { weight: 3, arbitrary: fc.tuple(space, metadata, space).map((parts) => parts.join('')) }, anyText)
  .map((text) => ({ toString: () => text }));
/** What is no entry, no value, no key. */
export const nonsense = fc.oneof(
  fc.constantFrom(null, undefined, 0, 5, Number.NaN, '', 'v', true, 5n, Symbol('v'), {}, [], { value: null }),
  fc.anything({ maxDepth: 1, maxKeys: 2 }),
);

/** A grammatical member. */
export const member = fc
  .tuple(key, space, space, octets, fc.option(fc.tuple(space, metadata)))
  .map(([name, a, b, value, more]) => `${name}${a}=${b}${value}${more === null ? '' : `${more[0]};${more[1]}`}`);
export const grammaticalField = fc
  .array(fc.tuple(space, member, space), { minLength: 1, maxLength: 150, size: 'large' })
  .map((members) =>
    members
      .map((parts) => parts.join(''))
      .join(',')
      .replace(/^[ \t]+|[ \t]+$/g, ''),
  );

/** Entries that can be sent, each key once. */
export const entries: fc.Arbitrary<Entry[]> = fc.uniqueArray(
  fc.oneof(fc.tuple(key, wellFormed), fc.tuple(key, wellFormed, metadata)),
  { selector: ([name]) => name, maxLength: 80, size: 'medium' },
);

/** Text of the pieces that headers are made of, in no order. */
const pieces = [
  'a',
  'b',
  '=',
  '=',
  ',',
  ',',
  ';',
  ';',
  ' ',
  '\t',
  '%',
  '%41',
  '%zz',
  '%C3%A9',
  '%80',
  'k=v',
  ',k=v',
  ';p',
];
const oddities = ['"', '\\', '\r\n', '\u0000', 'é', '\u012c', '\ud800', '\u00a0', '__proto__=1'];
const jumble = fc.string({ unit: fc.constantFrom(...pieces, ...oddities), maxLength: 300, size: 'large' });
export const anyLine = fc.oneof(jumble, anyText, grammaticalField);

/** Whatever a getter may return. */
export const anyField: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: anyLine },
  { weight: 3, arbitrary: fc.array(fc.oneof({ weight: 5, arbitrary: anyLine }, nonsense), { maxLength: 4 }) },
  fc.sparseArray(anyLine, { maxLength: 6 }),
  fc.uint8Array().map((octets) => Buffer.from(octets)),
  nonsense,
);

const filter = fc.oneof(
  fc.constant(['*']),
  fc.constant<string[]>([]),
  fc.array(
    key.filter((name) => !name.includes('*')),
    { maxLength: 4 },
  ),
  fc.constantFrom(['a*', 'k'], ['k*']),
  fc.func(fc.boolean()),
);
const limits = fc.oneof(
  fc.constantFrom('safe' as const, 'w3c' as const, 'otel' as const),
  fc.record({ members: fc.nat({ max: 70 }), bytes: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 9000 })) }),
);
export const options: fc.Arbitrary<BaggagePropagatorOptions> = fc.record(
  { limits, pinned: filter, inbound: filter, outbound: filter },
  { requiredKeys: [] },
);

/** The limits on what is sent, as the documentation states them. */
export function outboundLimits({ limits = 'safe' }: BaggagePropagatorOptions): { members: number; bytes: number } {
  if (limits === 'safe') return { members: 64, bytes: 4096 };
  if (limits === 'w3c') return { members: 64, bytes: 8192 };
  if (limits === 'otel') return { members: 180, bytes: 8192 };
  return { members: limits.members ?? 64, bytes: limits.bytes ?? 4096 };
}

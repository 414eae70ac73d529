import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { entriesOf, member, received, sent } from '../support/baggage/carrier.js';
import { bytesOf, isGrammatical, memberCount } from '../support/baggage/grammar.js';

// What a stranger may send to make a server work. How long it takes is the benchmark's subject.

const KIB = 1024;
const filled = (piece: string) => (bytes: number) => piece.repeat(Math.ceil(bytes / piece.length)).slice(0, bytes);

const shapes: [string, (bytes: number) => string][] = [
  ['commas', filled(',')],
  ['semicolons', filled(';')],
  ['equals signs', filled('=')],
  ['spaces', filled(' ')],
  ['tabs and commas', filled('\t,')],
  ['all separators', filled(' ,;=\t')],
  ['quotes', filled('"')],
  ['backslashes', filled('\\"')],
  ['percent signs', filled('%')],
  ['bad escapes', (bytes) => `k=${filled('%zz')(bytes - 2)}`],
  ['bad escapes in tiny members', filled('k=%zz,')],
  ['octets that are not UTF-8', (bytes) => `k=${filled('%80')(bytes - 2)}`],
  ['octets that are not UTF-8 in tiny members', filled('k=%80,')],
  ['surrogates', (bytes) => `k=${filled('%ED%A0%80')(bytes - 2)}`],
  ['tiny members', filled('a=,')],
  ['duplicates', filled('a=1,')],
  ['members without a value', filled('a,')],
  ['one huge member', (bytes) => member('k', bytes)],
  ['one huge key', filled('k')],
  ['one huge key with a value', (bytes) => `${'k'.repeat(bytes - 2)}=v`],
  ['one member behind spaces', (bytes) => `${' '.repeat(bytes - 3)}a=1`],
  ['one member with spaces within', (bytes) => `a${' '.repeat(bytes / 2)}=${' '.repeat(bytes / 2)}1`],
  ['one member with spaces behind', (bytes) => `a=1${' '.repeat(bytes)}`],
  ['properties', (bytes) => `k=v${filled(';p')(bytes - 3)}`],
  ['properties with spaces', (bytes) => `k=v${filled(' ; p = 1 ')(bytes - 3)}`],
  ['empty properties', (bytes) => `k=v${';'.repeat(bytes - 3)}`],
  ['bad properties', (bytes) => `k=v${filled(';p q')(bytes - 3)}`],
  ['bad properties among good ones', (bytes) => `k=v${filled(';p;"')(bytes - 3)}`],
  ['bad properties in tiny members', filled('k=;",')],
  ['control characters', filled('\u0000\u0001\r\n')],
  ['latin-1', filled('é=é,')],
  ['wide characters', filled('漢=字,')],
  ['surrogates as they are', filled('\ud800')],
  ['__proto__', filled('__proto__=1,')],
];

const sizes = [8 * KIB, 16 * KIB, KIB * KIB];

/** In one line; in lines as gRPC and raw headers hold them. */
const forms: [string, (text: string) => unknown][] = [
  ['a line', (text) => text],
  ['lines', (text) => text.split(',')],
  ['lines of 100 characters', (text) => text.match(/.{1,100}/gs)],
];

describe.each(shapes)('%s', (_, make) => {
  const cases = sizes.flatMap((bytes) => forms.map(([name, form]) => [bytes, name, form] as const));

  test.each(cases)('%i bytes in %s', (bytes, _name, form) => {
    let drops = 0;
    const propagator = new BoundedBaggagePropagator({ onDrop: () => void drops++ });
    const baggage = received(propagator, form(make(bytes)));
    const entries = entriesOf(baggage);
    const field = sent(propagator, baggage) ?? 'none=';

    expect(entries.length).toBeLessThanOrEqual(64);
    expect(entries.flat().join('').length).toBeLessThanOrEqual(8192);
    expect(isGrammatical(field)).toBe(true);
    expect(memberCount(field)).toBeLessThanOrEqual(64);
    expect(bytesOf(field)).toBeLessThanOrEqual(4096);
    // A member twice on the way in, its properties and itself, and once on the way out; the rest in one.
    expect(drops).toBeLessThanOrEqual(3 * 64 + 1);
  });
});

test.each([
  ['empty lines', Array<string>(1_000_000).fill('')],
  ['holes', Array<string>(1_000_000)],
  ['lines that are no text', Array<number>(1_000_000).fill(5)],
  ['lines of one member', Array<string>(1_000_000).fill('a=1')],
])('a million %s', (_, lines) => {
  let drops = 0;
  const propagator = new BoundedBaggagePropagator({ onDrop: () => void drops++ });
  expect(entriesOf(received(propagator, lines)).length).toBeLessThanOrEqual(1);
  expect(drops).toBe(1);
});

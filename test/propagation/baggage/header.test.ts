import type { Baggage } from '@opentelemetry/api';
import type { BaggagePropagatorOptions } from '../../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import { baggageOf, type Entry, forwarded, member, sent, sentKeys } from '../../support/baggage/carrier.js';

const send = (options: BaggagePropagatorOptions, baggage: Baggage) =>
  sent(new BoundedBaggagePropagator(options), baggage);
const forward = (options: BaggagePropagatorOptions, field: unknown) =>
  forwarded(new BoundedBaggagePropagator(options), field);

/** The entries that make up `field`. */
const entriesIn = (field: string) =>
  baggageOf(
    ...field.split(',').map((text): Entry => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );

describe.each<[string, BaggagePropagatorOptions, members: number, bytes: number]>([
  ['safe, by default', {}, 64, 4096],
  ['safe', { limits: 'safe' }, 64, 4096],
  ['w3c', { limits: 'w3c' }, 64, 8192],
  ['otel', { limits: 'otel' }, 180, 8192],
  ['numbers', { limits: { members: 3, bytes: 50 } }, 3, 50],
  ['members alone', { limits: { members: 3 } }, 3, 4096],
  ['bytes alone', { limits: { bytes: 5000 } }, 64, 5000],
])('the limits %s', (_, options, members, bytes) => {
  const exactly = Array.from({ length: members }, (_, i) => member(`k${i}`, Math.floor(bytes / members) - 1)).join(',');
  // Both inside the 4096 bytes that 'otel' allows to a member.
  const half = bytes / 2;
  const [first, second] = [member('a', half), member('b', half - 1)];

  test('let through as many members', () => {
    expect(send(options, entriesIn(exactly))).toBe(exactly);
  });

  test('drop the members past them', () => {
    expect(send(options, entriesIn(`${exactly},y=,z=`))).toBe(exactly);
  });

  test('let through as many bytes', () => {
    const field = `${first},${second}`;
    expect(field).toHaveLength(bytes);
    expect(send(options, entriesIn(field))).toBe(field);
  });

  test('drop, one byte past them, the member that does not fit, and send the smaller ones after it', () => {
    expect(send(options, entriesIn(`${first},${second}x,c=,d=`))).toBe(`${first},c=,d=`);
  });
});

describe('what was received inside the limits inbound, but not outbound', () => {
  test.each<[string, BaggagePropagatorOptions]>([
    ['bytes', {}],
    ['members', { limits: { members: 2 } }],
  ])('is sent in whole members, as they came: %s', (_, options) => {
    const field = `a = 1 ;p=%zz , b=%41,${member('c', 5000)},d`;
    expect(forward(options, field)).toBe('a = 1 ;p=%zz,b=%41');
  });

  test('pinned first', () => {
    expect(forward({ limits: { members: 2 }, pinned: ['c'] }, 'a=1,b=2 , c = 3')).toBe('c = 3,a=1');
  });

  test('the last of duplicates', () => {
    expect(forward({ limits: { members: 1 } }, 'a=1,a=2,a=3')).toBe('a=3');
  });
});

test.each([
  [4096, true],
  [4097, false],
])("'otel' sends a member of %i bytes: %j", (bytes, goes) => {
  const field = `${member('a', bytes)},b=1`;
  expect(send({ limits: 'otel' }, entriesIn(field))).toBe(goes ? field : 'b=1');
});

test.each([[{ members: 0 }], [{ bytes: 0 }], [{ bytes: 3 }]])(
  'the limits %j leave nothing, and no field is written',
  (limits) => {
    expect(send({ limits }, baggageOf(['aa', '1'], ['bb', '2']))).toBeUndefined();
  },
);

test('bytes are those of what is sent: escapes and properties count', () => {
  const baggage = baggageOf(['a', 'é '], ['b', '1', 'p=1']);
  expect(send({ limits: { bytes: 19 } }, baggage)).toBe('a=%C3%A9%20,b=1;p=1');
  expect(send({ limits: { bytes: 18 } }, baggage)).toBe('a=%C3%A9%20');
});

describe('pinned keys', () => {
  const baggage = baggageOf(['big', 'x'.repeat(16)], ['a.x', '1'], ['b', '2'], ['a.y', '3'], ['c', '4']);
  const pinned: BaggagePropagatorOptions['pinned'][] = [['c', 'a.*'], (key) => key === 'c' || key.startsWith('a.')];

  test.each(pinned)('go first when not all fit, the rest in the order in which they were set: %p', (filter) => {
    const limits = { bytes: 21 };
    expect(send({ limits }, baggage)).toBe('big=xxxxxxxxxxxxxxxx');
    expect(send({ limits, pinned: filter as never }, baggage)).toBe('a.x=1,a.y=3,c=4,b=2');
    expect(send({ limits: { members: 3 }, pinned: filter as never }, baggage)).toBe('a.x=1,a.y=3,c=4');
  });

  test('stay in their place when all fit', () => {
    const limits = { members: 5, bytes: 40 };
    expect(send({ limits, pinned: ['c'] }, baggage)).toBe('big=xxxxxxxxxxxxxxxx,a.x=1,b=2,a.y=3,c=4');
    expect(sentKeys(send({ limits: { bytes: 39 }, pinned: ['c'] }, baggage))).toEqual(['c', 'big', 'a.x', 'b']);
  });

  test('that do not fit are skipped like others', () => {
    expect(send({ limits: { bytes: 10 }, pinned: ['big', 'c'] }, baggage)).toBe('c=4,a.x=1');
  });

  test('a predicate that throws pins nothing', () => {
    const broken = () => {
      throw new Error('a broken predicate');
    };
    expect(send({ limits: { members: 1 }, pinned: broken }, baggage)).toBe('big=xxxxxxxxxxxxxxxx');
  });
});

describe('the keys that are let out', () => {
  const fields: [BaggagePropagatorOptions['outbound'], string | undefined][] = [
    [undefined, 'a=1,ab=2,b=3;p'],
    [['*'], 'a=1,ab=2,b=3;p'],
    [[], undefined],
    [['b', 'a'], 'a=1,b=3;p'],
    [['a*'], 'a=1,ab=2'],
    [(key) => key.length === 1, 'a=1,b=3;p'],
    [
      (key) => {
        if (key === 'ab') throw new Error('a broken predicate');
        return true;
      },
      'a=1,b=3;p',
    ],
  ];

  test.each(fields)('%p', (outbound, expected) => {
    const options = outbound === undefined ? {} : { outbound };
    expect(send(options, baggageOf(['a', '1'], ['ab', '2'], ['b', '3', 'p']))).toBe(expected);
    expect(forward(options, 'a=1,ab=2,b=3;p')).toBe(expected);
  });

  test('do not take up room before they are filtered', () => {
    const baggage = baggageOf(['big', 'x'.repeat(40)], ['a', '1']);
    expect(send({ outbound: ['a'], limits: { members: 1, bytes: 3 } }, baggage)).toBe('a=1');
  });
});

describe('an entry that is longer than may be sent', () => {
  const MEBI = 2 ** 20;
  let encode: jest.SpyInstance;
  beforeEach(() => {
    encode = jest.spyOn(globalThis, 'encodeURIComponent');
  });
  afterEach(() => encode.mockRestore());

  test.each([
    ['\u00e9', 'each character of it is encoded'],
    ['\ud83d\ude00', 'it has surrogates'],
    ['\ud800', 'it has lone surrogates'],
    [' ', 'it is ASCII'],
  ])('is dropped before it is encoded: %j', (part) => {
    const drops: unknown[] = [];
    const onDrop = (drop: unknown) => void drops.push(drop);
    const value = part.repeat(MEBI / part.length);
    expect(send({ onDrop }, baggageOf(['a', '1'], ['long', value], ['b', ' ']))).toBe('a=1,b=%20');
    expect(encode).toHaveBeenCalledTimes(1);
    expect(drops).toEqual([{ direction: 'outbound', reason: 'member-bytes', key: 'long', bytes: 5 + MEBI }]);
  });

  test('is encoded in report mode, which sends it', () => {
    const field = send({ mode: 'report' }, baggageOf(['a', '1'], ['long', '\u00e9'.repeat(5_000)]));
    expect(field).toBe(`a=1,long=${'%C3%A9'.repeat(5_000)}`);
  });

  test('is invalid when its key is none', () => {
    const reasons: string[] = [];
    const baggage = baggageOf(['a b', 'x'.repeat(5_000)], ['b', '1']);
    expect(send({ onDrop: ({ reason }) => void reasons.push(reason) }, baggage)).toBe('b=1');
    expect(reasons).toEqual(['invalid']);
  });

  test('is not the one that has its length after white space behind it has gone', () => {
    const value = 'x'.repeat(4096 - 'k=;p'.length);
    expect(send({}, baggageOf(['k', value, `p${' '.repeat(10)}`]))).toBe(`k=${value};p`);
  });
});

import { type Baggage, type BaggageEntry, propagation } from '@opentelemetry/api';
import type { BaggageDrop } from '../../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import { baggageOf, forwarded, received, sent } from '../../support/baggage/carrier.js';

const propagator = new BoundedBaggagePropagator();

describe('what is no entry costs no other its place', () => {
  const throwing = {
    toString() {
      throw new Error('metadata without a text');
    },
  };
  const cases: [string, unknown, unknown, sent: string | undefined][] = [
    ['a number', 'k', { value: 5 }, 'k=5'],
    ['a boolean', 'k', { value: false }, 'k=false'],
    ['a bigint', 'k', { value: 5n }, 'k=5'],
    ['an object', 'k', { value: { a: 1 } }, undefined],
    ['an object whose toString throws', 'k', { value: throwing }, undefined],
    ['a Symbol', 'k', { value: Symbol('v') }, undefined],
    ['a function', 'k', { value: () => 'v' }, undefined],
    ['null', 'k', { value: null }, undefined],
    ['nothing', 'k', {}, undefined],
    ['an entry of null', 'k', null, undefined],
    ['no entry', 'k', undefined, undefined],
    ['text for an entry', 'k', 'v', undefined],
    ['a Symbol for a key', Symbol('k'), { value: 'v' }, undefined],
    ['a number for a key', 5, { value: 'v' }, undefined],
    ['null for a key', null, { value: 'v' }, undefined],
    ['an empty key', '', { value: 'v' }, undefined],
    ['a key that is no token', 'a b', { value: 'v' }, undefined],
    ['null for metadata', 'k', { value: 'v', metadata: null }, 'k=v'],
    ['metadata as text', 'k', { value: 'v', metadata: 'p=1' }, 'k=v;p=1'],
    ['metadata of another kind', 'k', { value: 'v', metadata: {} }, 'k=v'],
  ];

  const start: [string, () => Baggage][] = [
    ["the api's", () => baggageOf(['a', '1'])],
    ['received', () => received(propagator, 'a=1')],
  ];

  describe.each(start)('in baggage that is %s', (_, make) => {
    test.each(cases)('%s', (_name, key, entry, text) => {
      const baggage = make()
        .setEntry(key as string, entry as BaggageEntry)
        .setEntry('z', { value: '2' });
      expect(sent(propagator, baggage)).toBe(['a=1', text, 'z=2'].filter((each) => each !== undefined).join(','));
    });

    test('metadata whose toString throws', () => {
      const baggage = make().setEntry('k', { value: 'v', metadata: throwing as never });
      expect(sent(propagator, baggage)).toMatch(/^a=1(,k=v)?$/);
    });

    test('a value that throws when it is read', () => {
      const entry = Object.defineProperty({}, 'value', { get: throwing.toString }) as BaggageEntry;
      expect(sent(propagator, make().setEntry('k', entry).setEntry('z', { value: '2' }))).toBe('a=1,z=2');
    });
  });
});

test('white space around metadata does not end up at the end of the field', () => {
  const field = sent(propagator, baggageOf(['a', '1', ' p ; q=1 \t']));
  expect(field).toBe('a=1; p ; q=1');
  expect(forwarded(propagator, field)).toBe(field);
});

test("an application's invalid entries are reported and not sent", () => {
  const drops: BaggageDrop[] = [];
  const baggage = baggageOf(['a b', '1'], ['c', '3']).setEntry('d', {} as never);
  expect(sent(new BoundedBaggagePropagator({ onDrop: (drop) => void drops.push(drop) }), baggage)).toBe('c=3');
  expect(drops.map(({ reason, key }) => [reason, key])).toEqual([
    ['invalid', 'a b'],
    ['invalid', 'd'],
  ]);
});

test("another library's baggage is sent as the api's is", () => {
  const entries: [string, BaggageEntry][] = [
    ['a', { value: 'é' }],
    ['b', { value: '2' }],
  ];
  expect(sent(propagator, { ...propagation.createBaggage(), getAllEntries: () => entries } as Baggage)).toBe(
    'a=%C3%A9,b=2',
  );
});

import { W3CBaggagePropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { baggageOf, type Entry, entriesOf, forwarded, received, sent } from '../support/baggage/carrier.js';
import { OCTETS } from '../support/baggage/grammar.js';
import { codePoint } from '../support/code-point.js';

const core = new W3CBaggagePropagator();
const otel = new BoundedBaggagePropagator({ limits: 'otel' });

// Where both must agree: core percent-decodes keys, reorders those that look like integers, drops empty values.
const keyCharacters = "!'*-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const key = fc
  .string({ unit: fc.constantFrom(...keyCharacters), minLength: 1, maxLength: 20 })
  .filter((text) => !/^\d+$/.test(text) && text !== '__proto__');
const value = fc.string({ unit: codePoint, minLength: 1, maxLength: 40 });
const propertyKey = fc.string({ unit: fc.constantFrom(...`${keyCharacters}#$%&+^\`|`), minLength: 1, maxLength: 5 });
const property = fc
  .tuple(propertyKey, fc.option(fc.string({ unit: fc.constantFrom(...OCTETS), maxLength: 8 })))
  .map(([name, text]) => (text === null ? name : `${name}=${text}`));
const metadata = fc.array(property, { minLength: 1, maxLength: 3 }).map((properties) => properties.join(';'));
const entry = fc.oneof(fc.tuple(key, value), fc.tuple(key, value, metadata));

/** Within the limits of both, whoever encodes. */
const entries: fc.Arbitrary<Entry[]> = fc
  .uniqueArray(entry, { selector: ([name]) => name, minLength: 1, maxLength: 180 })
  .filter((list) => list.map((each) => each.map(encodeURIComponent).join('==')).join(',').length <= 8192);

const runs = { numRuns: 400 };

test('what core sends, both read alike', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const field = sent(core, baggageOf(...list));
      expect(entriesOf(received(otel, field))).toEqual(entriesOf(received(core, field)));
      expect(entriesOf(received(otel, field))).toEqual(list);
    }),
    runs,
  );
});

test('what ours sends, core reads as ours does', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const field = sent(otel, baggageOf(...list));
      expect(entriesOf(received(core, field))).toEqual(list);
      expect(entriesOf(received(otel, field))).toEqual(list);
    }),
    runs,
  );
});

test('a hop through either, or through both, changes nothing', () => {
  fc.assert(
    fc.property(entries, fc.array(fc.constantFrom(core, otel), { minLength: 1, maxLength: 4 }), (list, hops) => {
      let field = sent(core, baggageOf(...list));
      for (const hop of hops) field = forwarded(hop, field);
      expect(entriesOf(received(otel, field))).toEqual(list);
    }),
    runs,
  );
});

test('a change made to what was received is sent alike', () => {
  fc.assert(
    fc.property(entries, key, value, (list, changedKey, changedValue) => {
      const field = sent(core, baggageOf(...list.slice(0, 60)));
      const changed = [core, otel].map((each) =>
        sent(
          each,
          received(each, field)
            .setEntry(changedKey, { value: changedValue })
            .removeEntry(list[0]?.[0] ?? ''),
        ),
      );
      const [theirs, ours] = changed.map((each) => entriesOf(received(otel, each)));
      expect(ours).toEqual(theirs);
    }),
    runs,
  );
});

test.each<[string, Entry[]]>([
  ['180 members', Array.from({ length: 180 }, (_, i): Entry => [`k${i}`, `v${i}`])],
  ['a member of 4096 bytes', [['a', 'x'.repeat(4094)]]],
  [
    '8192 bytes',
    [
      ['a', 'x'.repeat(4093)],
      ['b', 'x'.repeat(4094)],
    ],
  ],
])('%s: the same text, both ways', (_, list) => {
  const field = sent(core, baggageOf(...list));
  expect(sent(otel, baggageOf(...list))).toBe(field);
  expect(entriesOf(received(otel, field))).toEqual(entriesOf(received(core, field)));
  expect(entriesOf(received(otel, field?.split(',')))).toEqual(list);
});

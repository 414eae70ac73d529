import { type Baggage, type BaggageEntry, propagation } from '@opentelemetry/api';
import fc from 'fast-check';
import type { BaggagePropagatorOptions } from '../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { baggageOf, extract, forwarded, received, sent, sentKeys } from '../support/baggage/carrier.js';
import { bytesOf, isGrammatical, memberCount } from '../support/baggage/grammar.js';
import {
  anyField,
  anyMetadata,
  anyText,
  entries,
  key,
  nonsense,
  options,
  outboundLimits,
} from './baggage-arbitraries.js';

const runs = { numRuns: 200 };

const unbounded = new BoundedBaggagePropagator({ limits: { members: 1e6, bytes: 1e6 } });

/** Whatever an application may have put into baggage. */
const anyEntry = fc.oneof(
  { weight: 4, arbitrary: fc.record({ value: anyText, metadata: anyMetadata }, { requiredKeys: ['value'] }) },
  { weight: 1, arbitrary: fc.record({ value: nonsense, metadata: nonsense }, { requiredKeys: ['value'] }) },
  { weight: 1, arbitrary: nonsense },
);
const anyBaggage = fc
  .array(fc.tuple(fc.oneof({ weight: 5, arbitrary: key }, anyText, nonsense), anyEntry), { maxLength: 80 })
  .map(setAll);

function setAll(list: readonly (readonly [unknown, unknown])[]): Baggage {
  const none = propagation.createBaggage();
  return list.reduce((baggage, [name, entry]) => baggage.setEntry(name as string, entry as BaggageEntry), none);
}

function expectSendable(field: string | undefined, settings: BaggagePropagatorOptions): void {
  if (field === undefined) return;
  const { members, bytes } = outboundLimits(settings);
  expect(isGrammatical(field) || field).toBe(true);
  expect(memberCount(field)).toBeLessThanOrEqual(members);
  expect(bytesOf(field)).toBeLessThanOrEqual(bytes);
}

describe('whatever comes in', () => {
  test('is no trouble, and what goes out is grammatical and within the limits', () => {
    fc.assert(
      fc.property(anyField, options, (field, settings) => {
        const propagator = new BoundedBaggagePropagator(settings);
        const baggage = received(propagator, field);
        for (const [name, { value, metadata: properties }] of baggage.getAllEntries()) {
          expect([typeof name, typeof value, typeof String(properties)]).toEqual(['string', 'string', 'string']);
        }
        expectSendable(sent(propagator, baggage), settings);
      }),
      runs,
    );
  });

  test('merged into what is there, as well', () => {
    fc.assert(
      fc.property(anyField, anyField, anyBaggage, options, (first, second, own, settings) => {
        const propagator = new BoundedBaggagePropagator(settings);
        const context = propagation.setBaggage(extract(propagator, first), own);
        expectSendable(sent(propagator, received(propagator, second, context)), settings);
        expectSendable(sent(propagator, received(propagator, second, extract(propagator, first))), settings);
      }),
      runs,
    );
  });

  test('a second pass changes nothing', () => {
    fc.assert(
      fc.property(anyField, options, (field, { inbound: _, ...settings }) => {
        const propagator = new BoundedBaggagePropagator(settings);
        const once = forwarded(propagator, field);
        expect(forwarded(propagator, once)).toBe(once);
      }),
      runs,
    );
  });
});

describe('whatever the application sets', () => {
  test('is no trouble, and what goes out is grammatical and within the limits', () => {
    fc.assert(
      fc.property(anyBaggage, options, (baggage, settings) => {
        expectSendable(sent(new BoundedBaggagePropagator(settings), baggage), settings);
      }),
      runs,
    );
  });

  test('a second pass changes nothing', () => {
    fc.assert(
      fc.property(anyBaggage, options, (baggage, { inbound: _, ...settings }) => {
        const propagator = new BoundedBaggagePropagator(settings);
        const once = sent(propagator, baggage);
        expect(forwarded(propagator, once)).toBe(once);
      }),
      runs,
    );
  });
});

test('what is no entry costs the others nothing', () => {
  fc.assert(
    fc.property(entries, fc.array(nonsense, { maxLength: 5 }), (list, odd) => {
      const names = list.map(([name]) => name);
      const good = baggageOf(...list).getAllEntries();
      // Keys that cannot be sent, so that a value that happens to be one is not.
      const bad = odd.map((entry, i) => [`odd ${i}`, entry] as const);
      expect(sentKeys(sent(unbounded, setAll([...bad, ...good])))).toEqual(names);
      expect(sentKeys(sent(unbounded, setAll([...good, ...bad])))).toEqual(names);
    }),
    runs,
  );
});

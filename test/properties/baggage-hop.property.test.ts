import type { Baggage } from '@opentelemetry/api';
import fc from 'fast-check';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { baggageOf, entriesOf, forwarded, received, sent } from '../support/baggage/carrier.js';
import { isGrammatical } from '../support/baggage/grammar.js';
import { entries, grammaticalField, key, wellFormed, writtenValue } from './baggage-arbitraries.js';

const runs = { numRuns: 200 };
const unbounded = new BoundedBaggagePropagator({ limits: { members: 1e6, bytes: 1e6 } });

describe('what is valid and within the limits', () => {
  test('is read as it was meant, whichever way it is written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, writtenValue), { minLength: 1, maxLength: 64 }), (list) => {
        const field = list.map(([name, [, written]]) => `${name}=${written}`).join(',');
        expect(isGrammatical(field)).toBe(true);
        const meant = new Map(list.map(([name, [text]]) => [name, text]));
        expect(entriesOf(received(unbounded, field))).toEqual([...meant]);
      }),
      runs,
    );
  });

  test('is sent on byte for byte by a hop that does not touch it', () => {
    fc.assert(
      fc.property(grammaticalField, (field) => {
        expect(isGrammatical(field)).toBe(true);
        expect(forwarded(unbounded, field)).toBe(field);
      }),
      runs,
    );
  });

  test('means the same after a hop that changes it', () => {
    fc.assert(
      fc.property(grammaticalField, key, wellFormed, (field, name, value) => {
        const baggage = received(unbounded, field);
        const changed = baggage.setEntry(name, { value });
        expect(entriesOf(received(unbounded, sent(unbounded, changed)))).toEqual(entriesOf(changed));
        const others = (each: Baggage) => entriesOf(each).filter(([other]) => other !== name);
        expect(others(changed)).toEqual(others(baggage));
      }),
      runs,
    );
  });

  test('means the same to the next service, whoever has set it', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(entriesOf(received(unbounded, sent(unbounded, baggageOf(...list))))).toEqual(list);
      }),
      runs,
    );
  });
});

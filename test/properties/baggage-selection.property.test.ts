import fc from 'fast-check';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { baggageOf, sent, sentKeys } from '../support/baggage/carrier.js';
import { bytesOf, memberCount } from '../support/baggage/grammar.js';
import { entries, key } from './baggage-arbitraries.js';

const runs = { numRuns: 200 };
const unbounded = new BoundedBaggagePropagator({ limits: { members: 1e6, bytes: 1e6 } });

describe('when not all fits', () => {
  const small = fc.record({ members: fc.nat({ max: 12 }), bytes: fc.nat({ max: 300 }) });
  const pinnedKeys = fc.array(
    key.filter((name) => !name.includes('*')),
    { maxLength: 20 },
  );

  test('what is pinned survives if it fits alone, in the order in which it was set', () => {
    const room = fc.record({ members: fc.nat({ max: 3 }), bytes: fc.nat({ max: 40 }) });
    fc.assert(
      fc.property(entries, room, fc.infiniteStream(fc.boolean()), (list, more, choice) => {
        const pinned = list.map(([name]) => name).filter((name) => !name.includes('*') && choice.next().value);
        const alone = sent(unbounded, baggageOf(...list.filter(([name]) => pinned.includes(name)))) ?? '';
        const limits = { members: memberCount(alone) + more.members, bytes: bytesOf(alone) + more.bytes };
        const field = sent(new BoundedBaggagePropagator({ limits, pinned }), baggageOf(...list));
        expect(sentKeys(field).filter((name) => pinned.includes(name))).toEqual(pinned);
      }),
      runs,
    );
  });

  test('nothing is left out that would still fit, and the order is kept', () => {
    fc.assert(
      fc.property(entries, small, pinnedKeys, (list, limits, pinned) => {
        const field = sent(new BoundedBaggagePropagator({ limits, pinned }), baggageOf(...list)) ?? '';
        const members = field === '' ? [] : field.split(',');
        const all = (
          sent(new BoundedBaggagePropagator({ limits: { members: 1e6, bytes: 1e6 } }), baggageOf(...list)) ?? ''
        )
          .split(',')
          .filter((text) => text !== '');
        const isPinned = (text: string) => sentKeys(text).some((name) => pinned.includes(name));
        const ranked =
          members.length === all.length ? all : [...all.filter(isPinned), ...all.filter((text) => !isPinned(text))];
        expect(members).toEqual(ranked.filter((text) => members.includes(text)));
        for (const text of ranked.filter((each) => !members.includes(each))) {
          const fits = members.length < limits.members && [...members, text].join(',').length <= limits.bytes;
          expect([text, fits]).toEqual([text, false]);
        }
      }),
      runs,
    );
  });
});

import type { BaggageDrop, BaggagePropagatorOptions } from '../../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import { baggageOf, fieldOf, forwarded, member, sent, sentKeys } from '../../support/baggage/carrier.js';

const watch = (options: BaggagePropagatorOptions) => {
  const drops: BaggageDrop[] = [];
  const onDrop = (drop: BaggageDrop) => void drops.push(drop);
  return { propagator: new BoundedBaggagePropagator({ mode: 'report', ...options, onDrop }), drops };
};
const reasons = (drops: BaggageDrop[]) => [...new Set(drops.map(({ direction, reason }) => `${direction} ${reason}`))];

test.each<[string, BaggagePropagatorOptions, string, string[]]>([
  ['members', {}, `${fieldOf(64, 300)},y=,z=`, ['inbound members', 'outbound members']],
  ['bytes', {}, `${fieldOf(3, 4000)},${member('z', 4300)},y=`, ['inbound bytes', 'outbound member-bytes']],
  [
    'bytes of one member',
    { limits: 'otel' },
    `${member('a', 5000)},b=1`,
    ['inbound member-bytes', 'outbound member-bytes'],
  ],
  ['keys', { inbound: ['a'], outbound: ['b'] }, 'a=1,b=2', ['inbound filtered', 'outbound filtered']],
  ['no keys', { outbound: [] }, 'a=1,b=2', ['outbound filtered']],
])('drops nothing and reports what it would: %s', (_, options, field, expected) => {
  const { propagator: reporting, drops } = watch(options);
  expect(sentKeys(forwarded(reporting, field))).toEqual(sentKeys(field));
  expect(reasons(drops)).toEqual(expect.arrayContaining(expected));
});

test.each<[string, BaggagePropagatorOptions]>([
  ['members', { limits: { members: 2 } }],
  ['bytes', { limits: { bytes: 25 } }],
  ['one past the bytes, smaller ones after it', { limits: { bytes: 20 }, pinned: ['d'] }],
  ['keys', { outbound: ['b'], limits: { bytes: 10 } }],
])('reports what would be dropped on the way out, and no more: %s', (_, options) => {
  const baggage = baggageOf(['a', '1'], ['b', 'x'.repeat(20)], ['c', '3'], ['d', '4'], ['e', '5', 'p q']);
  const [reporting, enforcing] = [watch(options), watch({ ...options, mode: 'enforce' })];
  sent(reporting.propagator, baggage);
  sent(enforcing.propagator, baggage);
  expect(reporting.drops).toEqual(enforcing.drops);
});

test.each([
  ['one long line', [member('a', 9000)]],
  ['several lines', [member('a', 8190), 'b=1', 'c=1', 'd=1']],
  ['many lines', Array.from({ length: 100 }, (_, i) => member(`k${i}`, 200))],
])('sends a field of several lines as it came: %s', (_, lines) => {
  const { propagator: reporting, drops } = watch({});
  expect(forwarded(reporting, lines)).toBe(lines.join(','));
  expect(drops.length).toBeGreaterThan(0);
});

test('drops nothing that the limits would let in, however high they are', () => {
  const { propagator: reporting } = watch({ limits: { bytes: 100_000 } });
  for (const text of [member('a', 90_000), fieldOf(60, 90_000), `${member('a', 50_000)},${member('b', 40_000)}`]) {
    expect(forwarded(reporting, text)).toBe(text);
    expect(forwarded(reporting, text.split(','))).toBe(text);
  }
});

test('drops beyond 64 KiB, in whole members', () => {
  const { propagator: reporting } = watch({});
  expect(forwarded(reporting, `a=1,${member('b', 70_000)}`)).toBe('a=1');
  expect(forwarded(reporting, ['a=1', member('b', 70_000)])).toBe('a=1');
});

test('drops what cannot be sent, and reports it', () => {
  const { propagator: reporting, drops } = watch({});
  expect(forwarded(reporting, 'a=1,b b=2;p,c=3;p q;r')).toBe('a=1,c=3;r');
  expect(sent(reporting, baggageOf(['a b', '1'], ['c', '3', 'p,admin=true']))).toBe('c=3');
  expect(reasons(drops).sort()).toEqual([
    'inbound invalid',
    'inbound invalid-property',
    'outbound invalid',
    'outbound invalid-property',
  ]);
});

import type { BaggagePropagatorOptions } from '../../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import { createPropagator } from '../../../src/propagation/create-propagator.js';
import { fieldOf, keysOf, member, received } from '../../support/baggage/carrier.js';

describe('the options are refused', () => {
  test.each([
    ['an unknown one', { limit: 'w3c' }, TypeError, '"limit"'],
    ['null', null, TypeError, 'null'],
    ['a word', 'w3c', TypeError, '"w3c"'],
    ['an unknown preset', { limits: 'W3C' }, RangeError, '"W3C"'],
    ['no preset', { limits: null }, TypeError, 'null'],
    ['a number for limits', { limits: 4096 }, TypeError, '4096'],
    ['an unknown limit', { limits: { memberBytes: 1 } }, TypeError, '"memberBytes"'],
    ['limits in a list', { limits: [64, 4096] }, TypeError, 'Array'],
    ['an empty list of limits', { limits: [] }, TypeError, 'Array'],
    ['a list', [], TypeError, 'Array'],
    ['members as text', { limits: { members: '64' } }, TypeError, '"64"'],
    ['members below 0', { limits: { members: -1 } }, RangeError, '-1'],
    ['members in part', { limits: { members: 1.5 } }, RangeError, '1.5'],
    ['members without end', { limits: { members: Number.POSITIVE_INFINITY } }, RangeError, 'Infinity'],
    ['no number of members', { limits: { members: Number.NaN } }, RangeError, 'NaN'],
    ['null members', { limits: { members: null } }, TypeError, 'null'],
    ['bytes as text', { limits: { bytes: '4096' } }, TypeError, '"4096"'],
    ['bytes below 0', { limits: { bytes: -1 } }, RangeError, '-1'],
    ['bytes as a bigint', { limits: { bytes: 4096n } }, TypeError, 'BigInt'],
    ['an unknown mode', { mode: 'dry-run' }, RangeError, '"dry-run"'],
    ['no mode', { mode: null }, Error, 'null'],
    ['no function', { onDrop: 'log' }, TypeError, '"log"'],
    ['no function but null', { onDrop: null }, TypeError, 'null'],
    ['a word for keys that are pinned', { pinned: 'user' }, TypeError, '"user"'],
    ['a bad pattern for keys that come in', { inbound: ['a*b'] }, RangeError, '"a*b"'],
    ['a number for keys that go out', { outbound: 0 }, TypeError, '0'],
  ])('%s', (_, options, error, quoted) => {
    const construct = () => new BoundedBaggagePropagator(options as never);
    expect(construct).toThrow(error);
    expect(construct).toThrow(quoted);
    expect(() => createPropagator({ baggage: options as never })).toThrow(error);
  });

  test.each([
    ['limits.members', { limits: { members: -1 } }],
    ['limits.bytes', { limits: { bytes: -1 } }],
    ['limits', { limits: 'none' }],
    ['mode', { mode: 'none' }],
    ['onDrop', { onDrop: 5 }],
    ['pinned', { pinned: 5 }],
    ['inbound', { inbound: 5 }],
    ['outbound', { outbound: 5 }],
  ])('with the name of the option: %s', (name, options) => {
    expect(() => new BoundedBaggagePropagator(options as never)).toThrow(new RegExp(`^${name}: expected `));
  });
});

test.each([
  ['nothing', undefined],
  ['an empty object', {}],
  ['undefined for each', { limits: undefined, pinned: undefined, mode: undefined, onDrop: undefined }],
  ["no limits of one's own", { limits: {} }],
  ['no members at all', { limits: { members: 0, bytes: 0 } }],
  ['empty lists', { pinned: [], inbound: [], outbound: [] }],
])('%s is accepted', (_, options) => {
  expect(() => new BoundedBaggagePropagator(options as never)).not.toThrow();
  expect(() => createPropagator({ baggage: options as never })).not.toThrow();
});

describe.each<[string, BaggagePropagatorOptions, members: number, bytes: number]>([
  ['safe, by default', {}, 64, 8192],
  ['w3c', { limits: 'w3c' }, 64, 8192],
  ['otel', { limits: 'otel' }, 180, 8192],
  ['low numbers', { limits: { members: 3, bytes: 50 } }, 64, 8192],
  ['high numbers', { limits: { members: 70, bytes: 9000 } }, 70, 9000],
])('the limits inbound, %s', (_, options, members, bytes) => {
  const bounded = new BoundedBaggagePropagator(options);
  const half = bytes / 2;
  const [first, second] = [member('a', half), member('b', half - 1)];
  const count = (field: unknown) => keysOf(received(bounded, field)).length;

  test('let in as many members, and no more', () => {
    expect(count(fieldOf(members, 2000))).toBe(members);
    expect(count(`${fieldOf(members, 2000)},y=,z=`)).toBe(members);
    expect(count(fieldOf(members, 2000).split(','))).toBe(members);
    expect(count([...fieldOf(members, 2000).split(','), 'y=', 'z='])).toBe(members);
  });

  test('let in as many bytes', () => {
    expect(count(`${first},${second}`)).toBe(2);
    expect(count([first, second])).toBe(2);
  });

  test('cut at the last whole member, one byte past them', () => {
    expect(count(`${first},${second}x,c=`)).toBe(1);
    expect(count([first, `${second}x`, 'c='])).toBe(1);
    expect(count([first, `${second.slice(0, -3)},c=,d=`, 'e='])).toBe(3);
  });
});

test.each([
  [4096, ['a', 'b']],
  [4097, ['b']],
])("'otel' lets in a member of %i bytes: %j", (bytes, keys) => {
  expect(keysOf(received(new BoundedBaggagePropagator({ limits: 'otel' }), `${member('a', bytes)},b=1`))).toEqual(keys);
});

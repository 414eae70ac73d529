import {
  type Baggage,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
} from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { Scope } from '../../../src/context/scope/scope.js';
import type { BaggagePropagatorOptions } from '../../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import { attachInbound } from '../../../src/propagation/inbound.js';
import {
  baggageOf,
  entriesOf,
  extract,
  forwarded,
  keysOf,
  received,
  sent,
  sentKeys,
} from '../../support/baggage/carrier.js';

const propagator = new BoundedBaggagePropagator();

test('its field is baggage', () => {
  expect(propagator.fields()).toEqual(['baggage']);
  propagator.fields().pop();
  expect(propagator.fields()).toEqual(['baggage']);
});

describe('a context stays the same object when the carrier holds nothing valid', () => {
  test.each<[unknown]>([
    [undefined],
    [null],
    [''],
    [' '],
    [',,'],
    ['a'],
    ['=b'],
    ['a b=c'],
    [[]],
    [['']],
    [['a', undefined]],
    [[undefined]],
    [5],
    [true],
    [{}],
    [() => 'a=1'],
    [Symbol('a=1')],
    [Buffer.from('a=1')],
    [new String('a=1')],
  ])('%p', (field) => {
    const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['kept', '1']));
    expect(extract(propagator, field, context)).toBe(context);
  });
});

describe('never throws', () => {
  const broken = () => {
    throw new Error('a broken part');
  };
  const getters: [string, TextMapGetter<never>][] = [
    ['throws', { get: broken, keys: () => [] }],
    ['returns lines that throw', { get: () => new Proxy(['a=1'], { get: broken }), keys: () => [] }],
    ['is none', undefined as never],
  ];

  test.each(getters)('extract: a getter that %s', (_, getter) => {
    expect(propagator.extract(ROOT_CONTEXT, {}, getter as TextMapGetter)).toBe(ROOT_CONTEXT);
  });

  test.each([[undefined], [null], [5], ['baggage'], [Object.freeze({})]])('the carrier %p', (carrier) => {
    expect(propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)).toBe(ROOT_CONTEXT);
    const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['a', '1']));
    expect(() => propagator.inject(context, carrier, defaultTextMapSetter)).not.toThrow();
  });

  test('inject: a setter that throws', () => {
    const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['a', '1']));
    expect(() => propagator.inject(context, {}, { set: broken })).not.toThrow();
  });

  test.each<[unknown]>([[{}], ['a=1'], [5], [{ getAllEntries: broken }], [{ getAllEntries: () => 5 }]])(
    'what is no baggage in the context: %p',
    (baggage) => {
      const context = propagation.setBaggage(ROOT_CONTEXT, baggage as Baggage);
      const carrier = {};
      propagator.inject(context, carrier, defaultTextMapSetter);
      expect(carrier).toEqual({});
      expect(() => extract(propagator, 'a=1', context)).not.toThrow();
    },
  );

  test('a context that is none', () => {
    for (const context of [undefined, null, {}, { getValue: broken }] as unknown as Context[]) {
      expect(() => propagator.inject(context, {}, defaultTextMapSetter)).not.toThrow();
      expect(() => extract(propagator, 'a=1', context)).not.toThrow();
    }
  });
});

test.each<[string, TextMapGetter]>([
  ['undefined', { get: () => undefined, keys: () => [] }],
  // As the get of a fetch Headers object does.
  ['null', { get: () => null as never, keys: () => [] }],
  ['no lines', { get: () => [], keys: () => [] }],
  ['empty text', { get: () => '', keys: () => [] }],
])('a getter that returns %s has found nothing: nothing was dropped', (_, getter) => {
  const onDrop = jest.fn();
  expect(new BoundedBaggagePropagator({ onDrop }).extract(ROOT_CONTEXT, {}, getter)).toBe(ROOT_CONTEXT);
  expect(onDrop).not.toHaveBeenCalled();
});

test('nothing is written where there is no baggage, or tracing is suppressed', () => {
  const set = jest.fn();
  const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['a', '1']));
  propagator.inject(ROOT_CONTEXT, {}, { set });
  propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggageOf()), {}, { set });
  propagator.inject(suppressTracing(context), {}, { set });
  expect(set).not.toHaveBeenCalled();
  propagator.inject(context, 'carrier', { set });
  expect(set.mock.calls).toEqual([['carrier', 'baggage', 'a=1']]);
});

test.each([
  [true, ['a', 'own']],
  [false, ['own']],
])('a request that is trusted: %j', (trusted, keys) => {
  const headers = { baggage: 'a=1' };
  attachInbound(headers, { trusted, openScope: () => new Scope(undefined, undefined, 'owned') });
  const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['own', '1']));
  const extracted = propagation.getBaggage(propagator.extract(context, headers, defaultTextMapGetter));
  expect(keysOf(extracted as Baggage).sort()).toEqual(keys);
});

describe('merges what it receives into the baggage that the context has', () => {
  const before = baggageOf(['own', '1'], ['both', 'own', 'p'], ['1', 'x']);

  test.each<[string, Context]>([
    ["the api's", propagation.setBaggage(ROOT_CONTEXT, before)],
    ['received earlier', extract(propagator, 'own=1,both=own;p,1=x')],
  ])('%s', (_, context) => {
    const merged = received(propagator, 'new=2,both=theirs', context);
    expect(entriesOf(merged)).toEqual([
      ['own', '1'],
      ['both', 'theirs'],
      ['1', 'x'],
      ['new', '2'],
    ]);
    expect(sent(propagator, merged)).toBe('own=1,both=theirs,1=x,new=2');
    expect(entriesOf(propagation.getBaggage(context) as Baggage)).toEqual(entriesOf(before));
  });

  test('and other values of the context stay', () => {
    const key = Symbol('another value');
    expect(extract(propagator, 'a=1', ROOT_CONTEXT.setValue(key, 5)).getValue(key)).toBe(5);
  });
});

describe('the keys that are let in', () => {
  test.each<[BaggagePropagatorOptions['inbound'], string[]]>([
    [undefined, ['a', 'ab', 'b', 'A']],
    [[], []],
    [
      ['b', 'a'],
      ['a', 'b'],
    ],
    [['a*'], ['a', 'ab']],
    [(key) => key === 'A', ['A']],
  ])('%p', (inbound, keys) => {
    const filtered = new BoundedBaggagePropagator(inbound === undefined ? {} : { inbound });
    expect(keysOf(received(filtered, 'a=1,ab=2;p, b=3,A=4'))).toEqual(keys);
    expect(sentKeys(forwarded(filtered, ['a=1,ab=2;p', 'b=3,A=4']))).toEqual(keys);
  });

  test('a predicate that throws lets that key not in, and the others', () => {
    const inbound = (key: string) => {
      if (key === 'a') throw new Error('a broken predicate');
      return true;
    };
    expect(keysOf(received(new BoundedBaggagePropagator({ inbound }), 'a=1,b=2'))).toEqual(['b']);
  });

  test('concern neither what the context has nor what goes out', () => {
    const filtered = new BoundedBaggagePropagator({ inbound: ['a'] });
    const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['own', '1']));
    expect(sent(filtered, received(filtered, 'a=1,b=2', context))).toBe('own=1,a=1');
  });
});

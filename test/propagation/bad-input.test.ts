import { type Context, defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { type DeadlineEvent, listen } from '../../src/events.js';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';

const propagator = new DeadlinePropagator();
const context = ROOT_CONTEXT.setValue(Symbol('request'), 1);
const fail = (): never => {
  throw new Error('hostile');
};
const hostile = new Proxy(
  {},
  { get: fail, set: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail, defineProperty: fail },
);

const events: DeadlineEvent[] = [];
let stopListening: () => void;
beforeEach(() => {
  events.length = 0;
  stopListening = listen((event) => events.push(event));
});
afterEach(() => stopListening());

const MALFORMED = [{ type: 'malformed', field: 'timebudget' }];

describe('extract: the context comes back as it was, and a value that was there is counted once', () => {
  test.each<[string, unknown]>([
    ['text', 'soon'],
    ['nothing', ''],
    ['too long a number', '12345678901'],
    ['a number', 5],
    ['a negative number', -5],
    ['NaN', Number.NaN],
    ['a boolean', true],
    ['a bigint', 5n],
    ['a symbol', Symbol('5')],
    ['a function', () => '5'],
    ['an object', { 0: '5' }],
    ['a String object', Object('5')],
    ['a Buffer', Buffer.from('5')],
    ['lines that are no text', [5, null, Buffer.from('5')]],
    ['lines in lines', [['5']]],
    ['a line without a value', ['']],
    ['a hostile object', hostile],
  ])('%s', (_, value) => {
    expect(propagator.extract(context, { timebudget: value }, defaultTextMapGetter)).toBe(context);
    expect(events).toEqual(MALFORMED);
  });

  test.each<[string, unknown]>([
    [
      'a getter that throws',
      {
        get timebudget() {
          return fail();
        },
      },
    ],
    ['a proxy that throws', hostile],
    [
      'a revoked proxy',
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      })(),
    ],
  ])('a carrier with %s', (_, carrier) => {
    expect(propagator.extract(context, carrier, defaultTextMapGetter)).toBe(context);
    expect(events).toEqual(MALFORMED);
  });

  test('a TextMapGetter that throws', () => {
    expect(propagator.extract(context, { timebudget: '5' }, { get: fail, keys: fail })).toBe(context);
    expect(events).toEqual(MALFORMED);
  });

  test('an event holds neither the value nor anything else of the request', () => {
    propagator.extract(context, { timebudget: 'secret', authorization: 'secret' }, defaultTextMapGetter);
    expect(JSON.stringify(events)).toBe(JSON.stringify(MALFORMED));
  });
});

describe('extract: what is absent is not counted', () => {
  test.each<[string, unknown]>([
    ['an empty carrier', {}],
    ['one without a prototype', Object.create(null)],
    ['another spelling', { TimeBudget: '5', 'time-budget': '5' }],
    ['undefined as the value', { timebudget: undefined }],
    ['no lines', { timebudget: [] }],
    ['an undefined carrier', undefined],
    ['a null carrier', null],
    ['a number for a carrier', 5],
    ['text for a carrier', 'timebudget: 5'],
    ['a symbol for a carrier', Symbol('x')],
    ["a Map, which the default getter can't read", new Map([['timebudget', '5']])],
  ])('%s', (_, carrier) => {
    expect(propagator.extract(context, carrier, defaultTextMapGetter)).toBe(context);
    expect(events).toEqual([]);
  });

  test('null, from a getter over Headers', () => {
    const getter = {
      get: (carrier: Headers, key: string) => carrier.get(key) as string,
      keys: (carrier: Headers) => [...carrier.keys()],
    };
    expect(propagator.extract(context, new Headers(), getter)).toBe(context);
    expect(events).toEqual([]);
  });
});

describe('extract: a good value counts in any carrier', () => {
  test.each<[string, unknown]>([
    ['frozen', Object.freeze({ timebudget: '60000' })],
    ['without a prototype', Object.assign(Object.create(null), { timebudget: '60000' })],
    ['inherited', Object.create({ timebudget: '60000' })],
    ['behind a proxy', new Proxy({}, { get: (_, key) => (key === 'timebudget' ? '60000' : undefined) })],
  ])('%s', (_, carrier) => {
    const left = remainingTime(propagator.extract(context, carrier, defaultTextMapGetter));
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    expect(events).toEqual([]);
  });
});

describe('inject does not throw, and what it cannot write is left out', () => {
  const bound = setDeadline(context, Deadline.after(60_000));

  test.each<[string, unknown]>([
    ['frozen', Object.freeze({})],
    ['sealed', Object.seal({})],
    [
      'with a setter that throws',
      {
        set timebudget(_: string) {
          fail();
        },
      },
    ],
    ['with a read-only field', Object.defineProperty({}, 'timebudget', { value: 'mine', writable: false })],
    ['a proxy that throws', hostile],
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['text', 'carrier'],
  ])('a carrier that is %s', (_, carrier) => {
    expect(() => propagator.inject(bound, carrier, defaultTextMapSetter)).not.toThrow();
  });

  test('a TextMapSetter that throws, or is none', () => {
    expect(() => propagator.inject(bound, {}, { set: fail })).not.toThrow();
    expect(() => propagator.inject(bound, {}, {} as never)).not.toThrow();
    expect(() => propagator.inject(bound, {}, undefined as never)).not.toThrow();
  });

  test('a carrier without a prototype is written to', () => {
    const carrier = Object.create(null);
    propagator.inject(bound, carrier, defaultTextMapSetter);
    expect(Object.keys(carrier)).toEqual(['timebudget']);
  });
});

describe('a context that is none', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['an object', {}],
    ['a hostile object', hostile],
    ['one whose getValue throws', { getValue: fail, setValue: fail, deleteValue: fail }],
  ])('%s', (_, none) => {
    const carrier = {};
    expect(() => propagator.inject(none as Context, carrier, defaultTextMapSetter)).not.toThrow();
    expect(carrier).toEqual({});
    for (const timebudget of ['500', 'x', undefined]) {
      expect(propagator.extract(none as Context, { timebudget }, defaultTextMapGetter)).toBe(none);
    }
  });
});

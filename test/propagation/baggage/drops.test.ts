import { DiagLogLevel, diag } from '@opentelemetry/api';
import { type DeadlineEvent, listen } from '../../../src/events.js';
import type { BaggageDrop, BaggagePropagatorOptions } from '../../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import {
  baggageOf,
  type Entry,
  extract,
  fieldOf,
  forwarded,
  keysOf,
  member,
  received,
  sent,
} from '../../support/baggage/carrier.js';

const logger = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn(), verbose: jest.fn() };
const warnings = () => logger.warn.mock.calls.map(([message]) => message as string);

// An hour of its own for each test: a reason is warned of once a minute, by all propagators together.
let hour = 0;
beforeEach(() => {
  jest.useFakeTimers();
  jest.advanceTimersByTime(++hour * 3_600_000);
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
});
afterEach(() => {
  diag.disable();
  jest.clearAllMocks();
  jest.useRealTimers();
});

function watched(options: BaggagePropagatorOptions = {}) {
  const drops: BaggageDrop[] = [];
  const propagator = new BoundedBaggagePropagator({ ...options, onDrop: (drop) => void drops.push(drop) });
  return { propagator, drops };
}

describe('a drop tells direction, reason, key and bytes', () => {
  test.each<[string, BaggagePropagatorOptions, unknown, Omit<BaggageDrop, 'direction'>[]]>([
    ['not grammatical', {}, 'a=1,b=x y', [{ reason: 'invalid', key: 'b', bytes: 5 }]],
    ['without a key', {}, 'a=1,=x', [{ reason: 'invalid', bytes: 2 }]],
    ['a bad property', {}, 'a=1;p q;r', [{ reason: 'invalid-property', key: 'a', bytes: 4 }]],
    ['too many', {}, `${fieldOf(64, 300)},b=22,c`, [{ reason: 'members', bytes: 6 }]],
    ['too long', {}, `${fieldOf(3, 8000)},${member('b', 300)},c=1`, [{ reason: 'bytes', bytes: 304 }]],
    // Lines are joined as far as they are looked at: one character past the limit.
    ['too long in lines', {}, [fieldOf(3, 8000), member('b', 20_000)], [{ reason: 'bytes', bytes: 8193 }]],
    ['a line too many', {}, [fieldOf(3, 8192), 'b=1'], [{ reason: 'bytes', bytes: 3 }]],
    ['one too long', { limits: 'otel' }, member('b', 4097), [{ reason: 'member-bytes', key: 'b', bytes: 4097 }]],
    ['a filtered key', { inbound: ['a'] }, 'a=1,b = 22', [{ reason: 'filtered', key: 'b', bytes: 6 }]],
    ['no text', {}, 5, [{ reason: 'invalid', bytes: 0 }]],
  ])('inbound: %s', (_, options, field, expected) => {
    const { propagator, drops } = watched(options);
    extract(propagator, field);
    expect(drops).toStrictEqual(expected.map((drop) => ({ direction: 'inbound', ...drop })));
  });

  test.each<[string, BaggagePropagatorOptions, Entry[], Omit<BaggageDrop, 'direction'>[]]>([
    ['no key', {}, [['a b', '1']], [{ reason: 'invalid', key: 'a b', bytes: 0 }]],
    ['a bad property', {}, [['a', '1', 'p q;r']], [{ reason: 'invalid-property', key: 'a', bytes: 4 }]],
    [
      'too many',
      { limits: { members: 1 } },
      [
        ['a', '1'],
        ['b', '22'],
      ],
      [{ reason: 'members', key: 'b', bytes: 4 }],
    ],
    [
      'too long',
      { limits: { bytes: 11 } },
      [
        ['a', '1'],
        ['b', 'é'],
      ],
      [{ reason: 'bytes', key: 'b', bytes: 8 }],
    ],
    [
      'one too long',
      { limits: 'otel' },
      [['a', 'x'.repeat(4095)]],
      [{ reason: 'member-bytes', key: 'a', bytes: 4097 }],
    ],
    ['a filtered key', { outbound: [] }, [['a', '1', 'p']], [{ reason: 'filtered', key: 'a', bytes: 5 }]],
  ])('outbound: %s', (_, options, entries, expected) => {
    const { propagator, drops } = watched(options);
    sent(propagator, baggageOf(...entries));
    expect(drops).toStrictEqual(expected.map((drop) => ({ direction: 'outbound', ...drop })));
  });
});

/** Every kind of drop, with a value or a piece of one in each. */
function dropAll(propagator: BoundedBaggagePropagator): void {
  const fields = [
    'a="secret one, secret two",b=secret three',
    'a=secret;p="secret",secret',
    `${fieldOf(64, 300)},b=secret`,
    `${fieldOf(3, 8190)},b=secret`,
    `${fieldOf(3, 4090)},b=secret,c=secret`,
    [Buffer.from('a=secret'), 'secret'],
    Buffer.from('a=secret'),
  ];
  for (const field of fields) forwarded(propagator, field);
  sent(propagator, baggageOf(['a b', 'secret'], ['c', 'secret', 'p secret'], ['d', 'secret'.repeat(1000)]));
}

test('nobody is told a value, or a piece of one', () => {
  const events: DeadlineEvent[] = [];
  const remove = listen((event) => void events.push(event));
  const { propagator, drops } = watched({ inbound: (key) => key !== 'd', outbound: (key) => key !== 'k0' });
  dropAll(propagator);
  remove();
  expect(drops.length).toBeGreaterThan(10);
  expect(events).toHaveLength(drops.length);
  expect(warnings().length).toBeGreaterThan(5);
  expect(JSON.stringify([drops, events, warnings()])).not.toMatch(/secret/);
});

test('what onDrop throws disturbs neither the others nor the request', () => {
  const onDrop = jest.fn(() => {
    throw new Error('a broken report');
  });
  const propagator = new BoundedBaggagePropagator({ onDrop, outbound: ['a', 'c'] });
  const baggage = received(propagator, 'a=1,b b,b=2,c=3;"');
  expect(keysOf(baggage)).toEqual(['a', 'b', 'c']);
  expect(sent(propagator, baggage)).toBe('a=1,c=3');
  expect(onDrop).toHaveBeenCalledTimes(3);
});

test('an onDrop that rejects does not end the process', async () => {
  const unhandled = jest.fn();
  process.on('unhandledRejection', unhandled);
  const onDrop = jest.fn(() => Promise.reject(new Error('a broken report')));
  extract(new BoundedBaggagePropagator({ onDrop }), 'a=1,b b');
  jest.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off('unhandledRejection', unhandled);
  expect(onDrop).toHaveBeenCalledTimes(1);
  expect(unhandled).not.toHaveBeenCalled();
});

test('a logger that throws disturbs neither, and onDrop is told', () => {
  logger.warn.mockImplementationOnce(() => {
    throw new Error('a broken logger');
  });
  const { propagator, drops } = watched();
  expect(keysOf(received(propagator, 'a=1,b b,c=3'))).toEqual(['a', 'c']);
  expect(logger.warn).toHaveBeenCalledTimes(1);
  expect(drops).toHaveLength(1);
});

describe('diag.warn', () => {
  const lose = (propagator = new BoundedBaggagePropagator()) => extract(propagator, 'a=1,b b');

  test('is called at most once a minute for a reason, by all propagators together', () => {
    for (let i = 0; i < 100; i++) lose();
    expect(warnings()).toHaveLength(1);
    jest.advanceTimersByTime(59_999);
    lose();
    expect(warnings()).toHaveLength(1);
    jest.advanceTimersByTime(1);
    lose();
    lose();
    expect(warnings()).toHaveLength(2);
  });

  test('is called for each direction and each reason by itself', () => {
    lose();
    sent(new BoundedBaggagePropagator(), baggageOf(['b b', '1']));
    extract(new BoundedBaggagePropagator({ inbound: [] }), 'a=1');
    expect(warnings()).toEqual([
      expect.stringMatching(/^inbound.*\binvalid\b/),
      expect.stringMatching(/^outbound.*\binvalid\b/),
      expect.stringMatching(/^inbound.*\bfiltered\b/),
    ]);
  });

  test('says in report mode that nothing was dropped', () => {
    extract(new BoundedBaggagePropagator({ mode: 'report', inbound: [] }), 'a=1');
    expect(warnings()).toEqual([expect.stringContaining('would be')]);
  });

  test('is not called while nothing is lost', () => {
    forwarded(new BoundedBaggagePropagator(), 'a=1,b=2');
    extract(new BoundedBaggagePropagator(), undefined);
    extract(new BoundedBaggagePropagator(), '');
    extract(new BoundedBaggagePropagator(), []);
    expect(warnings()).toEqual([]);
  });
});

describe('the events', () => {
  const event = (direction: 'inbound' | 'outbound', reason: string) =>
    ({ type: 'baggage-dropped', direction, reason }) as const satisfies DeadlineEvent;

  test('tell each direction and reason, in both modes, warned of or not', () => {
    const events: DeadlineEvent[] = [];
    const remove = listen((event) => events.push(event));
    for (const mode of ['enforce', 'report'] as const) {
      extract(new BoundedBaggagePropagator({ mode, inbound: ['a'] }), 'a=1,b b,c c,d=4');
      sent(new BoundedBaggagePropagator({ mode }), baggageOf(['b b', '1']));
    }
    remove();
    const words = events.map((event) => Object.values(event).join(' '));
    const count = (kind: string) => words.filter((word) => word === `baggage-dropped ${kind}`).length;
    expect(['inbound invalid', 'outbound invalid', 'inbound filtered'].map(count)).toEqual([4, 2, 2]);
  });

  test('listeners hear of each drop, with neither key nor value', () => {
    const listener = jest.fn();
    const remove = listen(listener);
    extract(new BoundedBaggagePropagator({ limits: 'otel' }), `a b,${member('c', 5000)},d=4;;`);
    remove();
    expect(listener.mock.calls).toEqual([
      [event('inbound', 'invalid')],
      [event('inbound', 'member-bytes')],
      [event('inbound', 'invalid-property')],
    ]);
  });
});

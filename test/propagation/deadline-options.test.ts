import { createPropagator } from '../../src/propagation/create-propagator.js';
import { type DeadlinePropagatorOptions, resolveDeadlineOptions } from '../../src/propagation/deadline-options.js';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';
import { timebudget } from '../../src/wire/formats/timebudget.js';
import { xDeadline } from '../../src/wire/formats/x-deadline.js';

const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;

/** Each way to give the options. */
const ways: [string, (options: DeadlinePropagatorOptions) => unknown][] = [
  ['DeadlinePropagator', (options) => new DeadlinePropagator(options)],
  ['createPropagator', (options) => createPropagator({ deadline: options })],
];

test('the defaults', () => {
  const defaults = { extract: [timebudget], inject: [timebudget], maxBudget: POSITIVE_INFINITY, reserve: 0 };
  expect(resolveDeadlineOptions()).toEqual(defaults);
  expect(resolveDeadlineOptions({})).toEqual(defaults);
  expect(resolveDeadlineOptions({ maxBudget: undefined, reserve: undefined } as object)).toEqual(defaults);
});

test.each<[DeadlinePropagatorOptions, object]>([
  [{ maxBudget: 0 }, { maxBudget: 0 }],
  [{ maxBudget: 0.5 }, { maxBudget: 0.5 }],
  [{ maxBudget: 30_000 }, { maxBudget: 30_000 }],
  [{ maxBudget: POSITIVE_INFINITY }, { maxBudget: POSITIVE_INFINITY }],
  [{ extract: [xDeadline, timebudget] }, { extract: [xDeadline, timebudget], inject: [timebudget] }],
  [
    { extract: [], inject: [] },
    { extract: [], inject: [] },
  ],
  [{ reserve: 0 }, { reserve: 0 }],
  [{ reserve: 0.1 }, { reserve: 0.1 }],
  [{ reserve: 0.999 }, { reserve: 0.999 }],
  [{ reserve: 5 }, { reserve: 5 }],
  [{ reserve: 100.5 }, { reserve: 100.5 }],
])('%p', (options, expected) => {
  expect(resolveDeadlineOptions(options)).toMatchObject(expected);
});

describe.each(ways)('%s refuses', (_, make) => {
  test.each<[object, ErrorConstructor, string, string]>([
    [{ reserve: 2 }, RangeError, 'reserve', '2'],
    [{ reserve: 1 }, RangeError, 'reserve', '1'],
    [{ reserve: 4.9 }, RangeError, 'reserve', '4.9'],
    [{ reserve: -1 }, RangeError, 'reserve', '-1'],
    [{ reserve: -0.1 }, RangeError, 'reserve', '-0.1'],
    [{ reserve: Number.NaN }, RangeError, 'reserve', 'NaN'],
    [{ reserve: POSITIVE_INFINITY }, RangeError, 'reserve', 'Infinity'],
    [{ reserve: '5' }, TypeError, 'reserve', '"5"'],
    [{ reserve: '10%' }, TypeError, 'reserve', '"10%"'],
    [{ reserve: null }, TypeError, 'reserve', 'null'],
    [{ reserve: 5n }, TypeError, 'reserve', 'BigInt'],
    [{ maxBudget: -1 }, RangeError, 'maxBudget', '-1'],
    [{ maxBudget: Number.NaN }, RangeError, 'maxBudget', 'NaN'],
    [{ maxBudget: NEGATIVE_INFINITY }, RangeError, 'maxBudget', '-Infinity'],
    [{ maxBudget: '1' }, TypeError, 'maxBudget', '"1"'],
    [{ maxBudget: null }, TypeError, 'maxBudget', 'null'],
    [{ extract: 'timebudget' }, TypeError, 'extract', '"timebudget"'],
    [{ extract: timebudget }, TypeError, 'extract', 'Object'],
    [{ inject: ['timebudget'] }, TypeError, 'inject', '"timebudget"'],
    [{ inject: [timebudget, undefined] }, TypeError, 'inject', 'undefined'],
    [{ inject: null }, TypeError, 'inject', 'null'],
    [{ maxbudget: 5 }, TypeError, 'deadline options', '"maxbudget"'],
    [{ maxBudget: 5, default: 5 }, TypeError, 'deadline options', '"default"'],
  ])('%p: %p', (options, type, option, quoted) => {
    let error: unknown;
    try {
      make(options as DeadlinePropagatorOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(type);
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(new RegExp(`^${option}: expected .*, got ${quoted}$`)),
    );
  });

  test.each([[null], [5], ['reserve'], [true], [() => ({})]])('options that are none: %p', (options) => {
    expect(() => make(options as never)).toThrow(TypeError);
  });
});

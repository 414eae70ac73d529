import { checkDuration, checkFunction, checkOptions, outOfRange, wrongType } from '../src/check-argument.js';

describe('what an error quotes', () => {
  test.each<[string, unknown, string]>([
    ['a string', '5', '"5"'],
    ['a string with a line break', 'a\nb', '"a\\nb"'],
    ['a long string, cut', 'x'.repeat(1000), `"${'x'.repeat(60)}..."`],
    ['a number', -1.5, '-1.5'],
    ['NaN', Number.NaN, 'NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'Infinity'],
    ['a bigint', 5n, 'BigInt'],
    ['a boolean', true, 'true'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('budget'), 'Symbol(budget)'],
    ['a function, without its source', () => 'secret', 'Function'],
    ['an array, without its members', ['secret'], 'Array'],
    ['an object, without its members', { password: 'secret' }, 'Object'],
    ['an object without a prototype', Object.create(null), 'Object'],
    ['a Date', new Date(0), 'Date'],
  ])('%s', (_, value, quoted) => {
    expect(wrongType('here', 'something else', value)).toEqual(
      new TypeError(`here: expected something else, got ${quoted}`),
    );
  });

  test('the class says what is wrong', () => {
    expect(wrongType('here', 'x', 1)).toBeInstanceOf(TypeError);
    expect(outOfRange('here', 'x', 1)).toBeInstanceOf(RangeError);
  });
});

describe('a duration', () => {
  test.each([0, -0, Number.MIN_VALUE, 0.5, 1, 2 ** 31, Number.MAX_VALUE, Number.POSITIVE_INFINITY])(
    '%d is one',
    (ms) => {
      expect(() => checkDuration('here', ms)).not.toThrow();
    },
  );

  test.each([-1, -Number.MIN_VALUE, Number.NEGATIVE_INFINITY, Number.NaN])('%d is out of range', (ms) => {
    expect(() => checkDuration('here', ms)).toThrow(
      new RangeError(`here: expected a number of ms, 0 or more, got ${ms}`),
    );
  });

  test.each([['1'], [1n], [null], [undefined], [true], [{ valueOf: () => 5 }], [[5]]])(
    '%p has the wrong type',
    (ms) => {
      expect(() => checkDuration('here', ms)).toThrow(TypeError);
    },
  );
});

test('a function is a function, a class or an async function, and nothing else', () => {
  for (const fn of [() => 1, async () => 1, class {}, Math.max]) expect(() => checkFunction('here', fn)).not.toThrow();
  for (const other of [undefined, null, {}, 'fn', Promise.resolve()]) {
    expect(() => checkFunction('here', other)).toThrow(TypeError);
  }
});

describe('options', () => {
  test.each([[undefined], [{}], [{ a: 1 }], [{ a: undefined, b: 2 }], [Object.create(null)]])('%p', (options) => {
    expect(() => checkOptions('here', options, ['a', 'b'])).not.toThrow();
  });

  test.each([[null], ['a'], [5], [() => 1], [true]])('%p is no object of options', (options) => {
    expect(() => checkOptions('here', options, ['a', 'b'])).toThrow(TypeError);
  });

  test('an unknown one is named, and so are the known', () => {
    expect(() => checkOptions('here', { a: 1, maxbudget: 1 }, ['a', 'maxBudget'])).toThrow(
      new TypeError('here: expected only the options a, maxBudget, got "maxbudget"'),
    );
  });
});

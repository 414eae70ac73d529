import { resolveKeyFilter } from '../../../src/propagation/baggage/key-filter.js';

const keys = ['a', 'A', 'ab', 'abc', 'b', '__proto__', 'constructor', 'length', '0'];

test('no filter is none', () => {
  expect(resolveKeyFilter('pinned', undefined)).toBeUndefined();
});

test.each<[readonly string[], string[]]>([
  [[], []],
  [['a'], ['a']],
  [
    ['a', 'b', 'c'],
    ['a', 'b'],
  ],
  [['a*'], ['a', 'ab', 'abc']],
  [['ab*'], ['ab', 'abc']],
  [['abcd*'], []],
  [['*'], keys],
  [
    ['A', 'ab*'],
    ['A', 'ab', 'abc'],
  ],
  [['__proto__'], ['__proto__']],
  [['0'], ['0']],
])('%j lets %j through', (filter, through) => {
  expect(keys.filter(resolveKeyFilter('pinned', filter) ?? (() => true))).toEqual(through);
});

test('a change of the list afterwards changes nothing', () => {
  const list = ['a'];
  const filter = resolveKeyFilter('pinned', list);
  list.push('b');
  expect([filter?.('a'), filter?.('b')]).toEqual([true, false]);
});

describe('a predicate', () => {
  test('is asked with the key alone', () => {
    const predicate = jest.fn(() => true);
    expect(resolveKeyFilter('pinned', predicate)?.('a')).toBe(true);
    expect(predicate.mock.calls).toEqual([['a']]);
  });

  test.each([
    [true, true],
    [1, false],
    ['yes', false],
    [Promise.resolve(true), false],
    [false, false],
    [0, false],
    [undefined, false],
  ])('that returns %p means %j', (returned, through) => {
    expect(resolveKeyFilter('pinned', () => returned)?.('a')).toBe(through);
  });

  test('that throws lets nothing through', () => {
    const broken = resolveKeyFilter('pinned', () => {
      throw new Error('a broken predicate');
    });
    expect(broken?.('a')).toBe(false);
  });
});

test.each([
  [null, TypeError, 'null'],
  ['a', TypeError, '"a"'],
  [5, TypeError, '5'],
  [{ a: true }, TypeError, 'Object'],
  [new Set(['a']), TypeError, 'Set'],
  [['a', 5], TypeError, '5'],
  [['a', undefined], TypeError, 'undefined'],
  [[/a/], TypeError, 'RegExp'],
  [[''], RangeError, '""'],
  [['a*b'], RangeError, '"a*b"'],
  [['*a'], RangeError, '"*a"'],
  [['a**'], RangeError, '"a**"'],
])('%p is refused', (filter, error, quoted) => {
  const resolve = () => resolveKeyFilter('outbound', filter);
  expect(resolve).toThrow(error);
  expect(resolve).toThrow(/^outbound: expected /);
  expect(resolve).toThrow(quoted);
});

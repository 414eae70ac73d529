import { readField } from '../../src/propagation/carrier-field.js';

const getter = { get: (carrier: unknown) => carrier as string, keys: () => [] };
const read = (value: unknown, enough = 256) => readField(value, getter, 'field', enough);

test('the getter is asked once, for that field of that carrier', () => {
  const carrier = {};
  const get = jest.fn(() => 'text');
  expect(readField(carrier, { get, keys: () => [] }, 'field', 256)).toBe('text');
  expect(get.mock.calls).toEqual([[carrier, 'field']]);
});

test.each([
  ['text', 'text'],
  ['', ''],
  [['one line'], 'one line'],
  [['a', 'b', 'c'], 'a,b,c'],
  [[''], ''],
])('text: %j', (value, text) => {
  expect(read(value)).toBe(text);
});

// `Headers.get` and `URLSearchParams.get` return null for what is absent, and so do getters made of them.
test.each([[undefined], [null], [[]]])('absent: %j', (value) => {
  expect(read(value)).toBeUndefined();
});

test.each([[5], [true], [5n], [Symbol('x')], [{}], [Buffer.from('5')], [() => '5'], [new Date()], [new Map()]])(
  'not text: %p',
  (value) => {
    expect(read(value)).toBeNull();
  },
);

test('a line that is not text becomes an empty member, and the others stay', () => {
  // biome-ignore lint/suspicious/noSparseArray: a hole is one of the cases
  expect(read(['a', 5, Buffer.from('x'), , null, ['b'], 'c'])).toBe('a,,,,,,c');
});

test('lines are read until there is enough, and hardly further', () => {
  const text = read(Array(1_000_000).fill('12345'), 20) ?? '';
  expect(text).toMatch(/^12345,12345,12345,12345/);
  expect(text.length).toBeLessThanOrEqual(2 * 21);
  expect((read(['x'.repeat(1_000_000)], 20) ?? '').length).toBeLessThanOrEqual(1_000_000);
  expect((read(['x'.repeat(1_000_000), 'y'], 20) ?? '').length).toBeLessThanOrEqual(2 * 21);
});

test('what the getter throws is passed on', () => {
  const broken = {
    get: () => {
      throw new Error('a broken getter');
    },
    keys: () => [],
  };
  expect(() => readField({}, broken, 'field', 256)).toThrow('a broken getter');
});

import { TIMEBUDGET, timebudget } from '../../../src/wire/formats/timebudget.js';
import { parse, send } from './wall-clock.js';

test('the field is lower-case, without a hyphen', () => {
  expect(TIMEBUDGET).toBe('timebudget');
});

const parsed = (table: [string, number | null][]) =>
  test.each(table)('%j: %p', (text, budget) => {
    expect(parse(timebudget, text)).toBe(budget);
  });

describe('one integer', () => {
  parsed([
    ['7984', 7984],
    ['1', 1],
    ['007', 7],
    ['2147483647', 2_147_483_647],
    ['9999999999', 9_999_999_999],
    [' 5', 5],
    ['5 ', 5],
    ['\t5\t ', 5],
  ]);
});

describe('exhausted', () => {
  parsed([
    ['0', 0],
    ['00', 0],
    ['-0', 0],
    ['-1', 0],
    ['-9999999999', 0],
    ['0.9', 0],
    ['-0.5', 0],
    ['-5;x=1', 0],
    ['5000, -1', 0],
  ]);
});

describe('a decimal is floored', () => {
  parsed([
    ['7984.9', 7984],
    ['7984.000', 7984],
    ['9999999999.9', 9_999_999_999],
    ['1.5, 1.25', 1],
  ]);
});

describe('unknown parameters are skipped', () => {
  parsed([
    ['7984;x=1', 7984],
    ['7984; x=1', 7984],
    ['7984;x', 7984],
    ['7984;x=1;y=?0;z=:aGk=:', 7984],
    ['7984;x="a,b"', 7984],
    ['7984;x="1,2",5000', 5000],
    ['7984;x="\\",1,\\"",5000', 5000],
    ['7984;x="\\\\",5000', 5000],
    ['7984;x=1 , 5000 ;x=2', 7984],
  ]);
});

describe('a list: the smallest valid member counts', () => {
  parsed([
    ['7984, 7990', 7984],
    ['7990,7984', 7984],
    ['7990 ,\t7984', 7984],
    ['5,x', 5],
    ['x,5', 5],
    ['5,', 5],
    [',5', 5],
    [',,5,,', 5],
    ['5, 12345678901', 5],
    ['"1", 5', 5],
    ['"1,2", 5', 5],
    ['(1 2), 5', 5],
    ['"unclosed, 5', 5],
    ['5;x="unclosed, 7', 7],
  ]);
});

describe('no valid member', () => {
  parsed(
    [
      ['', ' ', ',', ' , ,', '\n', '\0', '-', '--5', '- 5', '+5', '.5', '5.', '5..5', '1.2.3', '5 5', '5-5'],
      ['5ms', '5 ms', '5s', '5S', '1e3', '0x10', '1_000', 'x', 'Infinity', 'NaN', 'null', 'undefined', 'true'],
      ['12345678901', '00000000005', '10000000000', '12345678901.5', '1'.repeat(15), '1'.repeat(400)],
      [
        '"5"',
        '?1',
        '@1659578233',
        ':NQ==:',
        '(5)',
        'timebudget=5',
        '5;x="unclosed',
        '5;x="',
        '5 ;x=1',
        '５',
        '٥',
        '5\n',
        '5\r\n',
      ],
      ['[object Object]', '{"ms":5}', '2030-01-01T00:00:00Z', '💥', '\ud800'],
    ]
      .flat()
      .map((text) => [text, null]),
  );
});

describe('no more is looked at than 8 members', () => {
  parsed([
    ['9,9,9,9,9,9,9,1', 1],
    ['9,9,9,9,9,9,9,9,1', 9],
    ['x,x,x,x,x,x,x,1', 1],
    ['x,x,x,x,x,x,x,x,1', null],
    [',,,,,,,,1', null],
  ]);
});

describe('no more is looked at than 256 characters', () => {
  const padded = (member: string, length: number) => member.padStart(length);

  test.each<[string, string, number | null]>([
    ['a member that ends with them counts', padded('5', 256), 5],
    ['so does one with a comma behind', `${padded('5', 256)},1`, 5],
    ['one that crosses the limit does not, though half of it would be a number', `7000,${padded('5000', 253)}`, 7000],
    ['nor does one behind it', `7000,${padded('6000', 251)},5`, 6000],
    ['a single one that is too long is none', padded('5', 257), null],
    ['a comma in a quoted parameter at the limit', `7000,5;x="${'a,'.repeat(150)}"`, 7000],
  ])('%s', (_, text, budget) => {
    expect(parse(timebudget, text)).toBe(budget);
  });
});

test.each([',', '"', '5', ' ', '\\"', '5;', '"\\', '5;x="a",', '-', '5.', ';"', '"",'])(
  'a megabyte of %j costs next to nothing',
  (part) => {
    const text = part.repeat(1_000_000 / part.length);
    const started = performance.now();
    parse(timebudget, text);
    parse(timebudget, text.slice(0, 256));
    // Quadratic time would be minutes.
    expect(performance.now() - started).toBeLessThan(1000);
  },
);

describe('what is sent', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [0.001, '0'],
    [0.999_999, '0'],
    [1, '1'],
    [1.999, '1'],
    [7984, '7984'],
    [7984.999, '7984'],
    [2_147_483_646.9, '2147483646'],
    [2_147_483_647, '2147483647'],
    [2_147_483_647.5, '2147483647'],
    [2_147_483_648, '2147483647'],
    [4_294_967_296, '2147483647'],
    [1e21, '2147483647'],
    [Number.MAX_VALUE, '2147483647'],
    [Number.POSITIVE_INFINITY, '2147483647'],
  ])('%d: %j', (ms, text) => {
    expect(send(timebudget, ms)).toBe(text);
  });
});

import { wholeMs } from '../../../src/wire/number.js';
import { FORMATS, VECTORS } from './vectors.js';
import { clockAt } from './wall-clock.js';

test('each format has vectors, at least 25, no input twice, each with its reason', () => {
  expect(VECTORS.map(({ format }) => format).sort()).toEqual(Object.keys(FORMATS).sort());
  for (const { receive, send } of VECTORS) {
    expect(receive.length).toBeGreaterThanOrEqual(25);
    expect(send.length).toBeGreaterThanOrEqual(5);
    expect(new Set(receive.map(({ input }) => input)).size).toBe(receive.length);
    for (const { why } of [...receive, ...send]) expect(why).not.toBe('');
  }
});

describe.each(VECTORS)('$format', ({ format: name, field, wallClockNow = 0, receive, send }) => {
  const format = FORMATS[name];
  const clock = clockAt(wallClockNow);
  const expectedOf = { ignored: null, unlimited: Number.POSITIVE_INFINITY };

  test('its field', () => {
    expect(format?.field).toBe(field);
  });

  // The inputs' control characters are for the parser, not for the terminal.
  test.each(receive.map((row) => ({ ...row, title: JSON.stringify(row.input) })))('$title: $expected ($why)', (row) => {
    const { input, expected } = row;
    expect(format?.parse(input, clock)).toBe(typeof expected === 'string' ? expectedOf[expected] : expected);
  });

  test.each(send)('$ms ms are sent as $output ($why)', ({ ms, output }) => {
    expect(format?.format(wholeMs(ms), clock)).toBe(output);
  });
});

import { runInNewContext } from 'node:vm';
import { Deadline, earlier, isDate, isDeadline } from '../../src/context/deadline.js';
import { DeadlineExceededError } from '../../src/errors.js';
import { advance, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

describe('Deadline.after', () => {
  test('the time that is left falls with the clock, and stops at 0', () => {
    const deadline = Deadline.after(100.5);
    const seen = [0, 40, 60, 0.5, 1, 1000].map((ms) => {
      advance(ms);
      return [deadline.remaining(), deadline.exceeded];
    });
    expect(seen).toEqual([
      [100.5, false],
      [60.5, false],
      [0.5, false],
      [0, true],
      [0, true],
      [0, true],
    ]);
  });

  test('budget is what it was given, and stays', () => {
    const deadline = Deadline.after(250);
    advance(1000);
    expect(deadline).toMatchObject({ budget: 250, inherited: false });
  });

  test('0 has passed already', () => {
    expect(Deadline.after(0)).toMatchObject({ exceeded: true, budget: 0 });
    expect(Deadline.after(-0).remaining()).toBe(0);
  });

  test('Infinity never passes', () => {
    const deadline = Deadline.after(Number.POSITIVE_INFINITY);
    advance(2 ** 40);
    expect(deadline.remaining()).toBe(Number.POSITIVE_INFINITY);
    expect(deadline.exceeded).toBe(false);
  });

  test.each([-1, Number.NaN, Number.NEGATIVE_INFINITY])('%d: RangeError', (ms) => {
    expect(() => Deadline.after(ms)).toThrow(RangeError);
    expect(() => Deadline.after(ms)).toThrow(`Deadline.after: expected a number of ms, 0 or more, got ${ms}`);
  });

  test.each<[unknown, string]>([
    ['5', '"5"'],
    [5n, 'BigInt'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{}, 'Object'],
  ])('%p: TypeError', (ms, quoted) => {
    expect(() => Deadline.after(ms as number)).toThrow(TypeError);
    expect(() => Deadline.after(ms as number)).toThrow(`got ${quoted}`);
  });
});

describe('Deadline.at', () => {
  test.each([
    ['ms since the epoch', () => Deadline.at(Date.now() + 500)],
    ['a Date', () => Deadline.at(new Date(Date.now() + 500))],
    ['a Date of another realm', () => Deadline.at(runInNewContext(`new Date(${Date.now() + 500})`))],
  ])('%s', (_, make) => {
    const deadline = make();
    expect(deadline).toMatchObject({ budget: 500, inherited: false });
    advance(499);
    expect(deadline.exceeded).toBe(false);
    advance(1);
    expect(deadline.exceeded).toBe(true);
  });

  test('a wall clock that is set later does not move it', () => {
    const deadline = Deadline.at(Date.now() + 500);
    jest.setSystemTime(0);
    advance(100);
    expect(deadline.remaining()).toBe(400);
  });

  test.each([-1, -1000, -1e15, Number.NEGATIVE_INFINITY])('%d ms from now has passed, with a budget of 0', (ms) => {
    expect(Deadline.at(Date.now() + ms)).toMatchObject({ exceeded: true, budget: 0 });
  });

  test('the epoch itself is a time long ago, not "no deadline"', () => {
    expect(Deadline.at(0).remaining()).toBe(0);
    expect(Deadline.at(new Date(0)).remaining()).toBe(0);
  });

  test('Infinity never passes', () => {
    expect(Deadline.at(Number.POSITIVE_INFINITY).remaining()).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([
    [Number.NaN, 'NaN'],
    [new Date(Number.NaN), 'NaN'],
  ])('%p: RangeError', (when, quoted) => {
    expect(() => Deadline.at(when)).toThrow(RangeError);
    expect(() => Deadline.at(when)).toThrow(`got ${quoted}`);
  });

  test.each([['2030-01-01'], [null], [undefined], [{}], [1n], [{ getTime: () => 5 }]])('%p: TypeError', (when) => {
    expect(() => Deadline.at(when as unknown as number)).toThrow(TypeError);
  });
});

test('fromCaller is inherited', () => {
  expect(Deadline.fromCaller(70)).toMatchObject({ budget: 70, inherited: true });
});

test('toError tells the budget, where it came from and what was spent', () => {
  const deadline = Deadline.fromCaller(250);
  advance(263);
  const error = deadline.toError();
  expect(error).toBeInstanceOf(DeadlineExceededError);
  expect(error).toMatchObject({ budget: 250, inherited: true, spent: 263 });
  expect(deadline.toError()).not.toBe(error);
});

describe('earlier', () => {
  const [at50, alsoAt50, at100, never] = [50, 50, 100, Number.POSITIVE_INFINITY].map((ms) => Deadline.after(ms));

  test.each([
    ['the outer one is earlier', at50, at100, at50],
    ['the inner one is earlier', at100, at50, at50],
    ['both pass at the same instant: the outer one', at50, alsoAt50, at50],
    ['the outer one never passes', never, at50, at50],
    ['there is no outer one', undefined, at50, at50],
    ['there is no inner one', at50, undefined, at50],
    ['there is none', undefined, undefined, undefined],
  ])('%s', (_, outer, inner, expected) => {
    expect(earlier(outer, inner)).toBe(expected);
  });
});

describe('recognised', () => {
  test('a Deadline, of this copy or another', () => {
    const other = { [Symbol.for('opentelemetry-propagator-deadline.Deadline')]: true };
    expect([Deadline.after(1), other].map(isDeadline)).toEqual([true, true]);
  });

  test.each([[undefined], [null], [5], ['x'], [{}], [new Date()], [{ budget: 5, due: 5 }], [() => 1]])(
    'not %p',
    (value) => {
      expect(isDeadline(value)).toBe(false);
    },
  );

  test('a Date is one whatever realm it comes from', () => {
    const dates = [new Date(), new Date(Number.NaN), runInNewContext('new Date()')];
    expect(dates.map(isDate)).toEqual([true, true, true]);
    expect([Date.now(), '2030-01-01', {}, null, undefined, Date].map(isDate)).toEqual(Array(6).fill(false));
  });
});

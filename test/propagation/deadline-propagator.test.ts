import { type Context, defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { abortSignal, getDeadline, remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { detach, withCancel, withTimeout } from '../../src/context/with-scope.js';
import type { DeadlinePropagatorOptions } from '../../src/propagation/deadline-options.js';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';
import { reasonIn, signalIn } from '../context/scope/signal-and-reason.js';
import { advance, block, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const within = (ms: number, context: Context = ROOT_CONTEXT) => setDeadline(context, Deadline.after(ms));

/** What is written into an empty carrier. */
function inject(context: Context, options?: DeadlinePropagatorOptions): Record<string, unknown> {
  const carrier = {};
  new DeadlinePropagator(options).inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

const extract = (timebudget: unknown, options?: DeadlinePropagatorOptions, context: Context = ROOT_CONTEXT) =>
  new DeadlinePropagator(options).extract(context, { timebudget }, defaultTextMapGetter);

test('fields: timebudget, in a list that may be changed', () => {
  const propagator = new DeadlinePropagator();
  propagator.fields().push('mine');
  expect(propagator.fields()).toEqual(['timebudget']);
});

describe('inject', () => {
  test('nothing where there is no deadline', () => {
    expect(inject(ROOT_CONTEXT)).toEqual({});
    expect(withCancel((context) => inject(context))).toEqual({});
    expect(withTimeout(Number.POSITIVE_INFINITY, (context) => inject(context))).toEqual({});
    expect(detach((context) => inject(context), within(100))).toEqual({});
  });

  test('what is left, in whole ms, never more', () => {
    const context = within(1000.9);
    expect(inject(context)).toEqual({ timebudget: '1000' });
    advance(1);
    expect(inject(context)).toEqual({ timebudget: '999' });
    advance(999);
    expect(inject(context)).toEqual({ timebudget: '0' });
  });

  test('0 when it has passed, and long after', () => {
    const context = within(100);
    for (const ms of [100, 1, 1e9]) {
      block(ms);
      expect(inject(context)).toEqual({ timebudget: '0' });
    }
  });

  test('0 when the caller has gone, whatever the deadline', () => {
    withCancel((context, cancel) => {
      cancel();
      expect(inject(context)).toEqual({ timebudget: '0' });
      expect(inject(within(5000, context))).toEqual({ timebudget: '0' });
    }, within(1000));
  });

  test('nothing once the scope has completed, but what is above', () => {
    expect(inject(withTimeout(100, (context) => context))).toEqual({});
    expect(inject(withTimeout(100, (context) => context, within(5000)))).toEqual({ timebudget: '5000' });
  });

  test('the most that the wire takes, for a deadline further away', () => {
    expect(inject(within(1e12))).toEqual({ timebudget: '2147483647' });
  });

  test('nothing for telemetry', () => {
    expect(inject(suppressTracing(within(100)))).toEqual({});
    expect(inject(suppressTracing(within(0)))).toEqual({});
  });

  test('once, with the setter and carrier given', () => {
    const carrier = new Map<string, string>();
    const set = jest.fn();
    new DeadlinePropagator().inject(within(100), carrier, { set });
    expect(set.mock.calls).toEqual([[carrier, 'timebudget', '100']]);
  });
});

describe('reserve: what is kept back', () => {
  test.each([
    [1000, 0, '1000'],
    [1000, 0.1, '900'],
    [1000, 0.999, '1'],
    [10, 0.5, '5'],
    [3, 0.5, '1'],
    [1.5, 0.5, '1'],
    [1000, 50, '950'],
    [1000.9, 50.5, '950'],
    [1000, 999, '1'],
    [1000, 1000, '1'],
    [1000, 5000, '1'],
    [51, 50, '1'],
    [50, 50, '1'],
    [1, 50, '1'],
    [0.9, 50, '0'],
    [0, 50, '0'],
    [0, 0.5, '0'],
    [1e12, 0.5, '2147483647'],
  ])('of %d ms with reserve %d: %s are passed on', (left, reserve, passedOn) => {
    expect(inject(within(left), { reserve })).toEqual({ timebudget: passedOn });
  });

  test('it shortens what is passed on, not what this hop has', () => {
    const context = extract('1000', { reserve: 0.5 });
    expect(remainingTime(context)).toBe(1000);
    expect(inject(context, { reserve: 0.5 })).toEqual({ timebudget: '500' });
  });
});

describe('extract', () => {
  test('the deadline counts from now, and is inherited', () => {
    const context = extract('7984');
    expect(getDeadline(context)).toMatchObject({ budget: 7984, inherited: true });
    advance(84);
    expect(remainingTime(context)).toBe(7900);
    expect(inject(context)).toEqual({ timebudget: '7900' });
  });

  test('0 is exhausted, not unlimited', () => {
    const context = extract('0');
    expect(remainingTime(context)).toBe(0);
    expect(signalIn(context)).toMatchObject({ aborted: true, reason: reasonIn(context) });
    expect(reasonIn(context)).toMatchObject({ code: 'DEADLINE_EXCEEDED', budget: 0, inherited: true });
    expect(inject(context)).toEqual({ timebudget: '0' });
  });

  test('the message of the error says that it came from the caller', () => {
    const context = extract('250');
    block(263);
    expect(reasonIn(context)).toMatchObject({
      message: 'deadline exceeded: 250 ms budget from the caller, 263 ms spent',
    });
  });

  test.each([
    ['100', undefined, 100],
    ['100', 50, 50],
    ['100', 100, 100],
    ['100', 200, 100],
    ['9999999999', 30_000, 30_000],
    ['100', 0, 0],
    ['0', 50, 0],
    ['-5', 50, 0],
    ['7990, 7984', 10_000, 7984],
  ])('%s with maxBudget %p: %d ms', (timebudget, maxBudget, left) => {
    const context = extract(timebudget, maxBudget === undefined ? undefined : { maxBudget });
    expect(remainingTime(context)).toBe(left);
    expect(getDeadline(context)?.budget).toBe(left);
  });

  test('maxBudget is no default: without a budget there is no deadline', () => {
    expect(extract(undefined, { maxBudget: 50 })).toBe(ROOT_CONTEXT);
  });

  test('a context that is bound already is bound by the earlier of the two', () => {
    expect(remainingTime(extract('100', undefined, within(50)))).toBe(50);
    expect(remainingTime(extract('50', undefined, within(100)))).toBe(50);
  });

  test('the other values of the context stay', () => {
    const key = Symbol('other');
    expect(extract('100', undefined, ROOT_CONTEXT.setValue(key, 'kept')).getValue(key)).toBe('kept');
  });

  test('each time a scope of its own', () => {
    const [first, second] = [extract('100'), extract('200')];
    expect(abortSignal(first)).not.toBe(abortSignal(second));
    expect([first, second].map(remainingTime)).toEqual([100, 200]);
    advance(200);
  });

  test('lines of a list, as from gRPC metadata and raw headers', () => {
    expect(remainingTime(extract(['7990', '7984']))).toBe(7984);
    expect(remainingTime(extract(['7990, x', 'y, 7984;a=1']))).toBe(7984);
  });

  test('9 lines: the ninth is not looked at', () => {
    expect(remainingTime(extract([...Array(8).fill('9'), '1']))).toBe(9);
  });
});

import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing, unsuppressTracing } from '@opentelemetry/core';
import {
  abortSignal,
  deleteDeadline,
  getDeadline,
  remainingTime,
  setDeadline,
  throwIfExceeded,
} from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { withCancel, withDeadline, withTimeout } from '../../src/context/with-scope.js';
import { DeadlineExceededError } from '../../src/errors.js';
import { advance, block, useFakeClock } from '../support/fake-clock.js';
import { reasonIn, signalIn } from './scope/signal-and-reason.js';

useFakeClock();

const within = (ms: number, context: Context = ROOT_CONTEXT) => setDeadline(context, Deadline.after(ms));

describe('without a deadline', () => {
  test('there is no limit, and nothing to wait for', () => {
    expect(getDeadline(ROOT_CONTEXT)).toBeUndefined();
    expect(remainingTime(ROOT_CONTEXT)).toBe(Number.POSITIVE_INFINITY);
    expect(abortSignal(ROOT_CONTEXT)).toBeUndefined();
    expect(() => throwIfExceeded(ROOT_CONTEXT)).not.toThrow();
  });

  test('the active context is the default', () => {
    expect(remainingTime()).toBe(Number.POSITIVE_INFINITY);
    expect(abortSignal()).toBeUndefined();
    expect(() => throwIfExceeded()).not.toThrow();
  });
});

describe('setDeadline', () => {
  test('binds the new context, and leaves the old one alone', () => {
    const deadline = Deadline.after(100);
    const context = setDeadline(ROOT_CONTEXT, deadline);
    expect(getDeadline(context)).toBe(deadline);
    expect(remainingTime(context)).toBe(100);
    expect(getDeadline(ROOT_CONTEXT)).toBeUndefined();
  });

  test('shrinks', () => {
    const outer = within(100);
    const inner = within(50, outer);
    expect([remainingTime(outer), remainingTime(inner)]).toEqual([100, 50]);
  });

  test.each([100, 101, Number.POSITIVE_INFINITY])('never grows: %d ms over 100 ms return the context itself', (ms) => {
    const outer = within(100);
    expect(within(ms, outer)).toBe(outer);
  });

  test('a deadline that never passes changes nothing', () => {
    expect(within(Number.POSITIVE_INFINITY)).toBe(ROOT_CONTEXT);
  });

  test('an exhausted one is exhausted, not absent', () => {
    const context = within(0);
    expect(remainingTime(context)).toBe(0);
    expect(signalIn(context).aborted).toBe(true);
    expect(() => throwIfExceeded(context)).toThrow(DeadlineExceededError);
  });

  test.each([[100], [new Date(0)], [null], [undefined], [{ due: 5 }], ['5']])('%p: TypeError', (deadline) => {
    expect(() => setDeadline(ROOT_CONTEXT, deadline as never)).toThrow(TypeError);
    expect(() => setDeadline(ROOT_CONTEXT, deadline as never)).toThrow('setDeadline: expected a Deadline, got');
  });
});

describe('getDeadline', () => {
  const levels = (...budgets: number[]) => {
    const deadlines = budgets.map((ms) => Deadline.after(ms));
    const nest = (context: Context, [first, ...rest]: Deadline[]): Deadline | undefined =>
      first === undefined ? getDeadline(context) : withDeadline(first, (inner) => nest(inner, rest), context);
    return nest(ROOT_CONTEXT, deadlines)?.budget;
  };

  test.each([
    [[100], 100],
    [[100, 50], 50],
    [[50, 100], 50],
    [[300, 100, 200], 100],
    [[100, 300, 200], 100],
    [[300, 200, 100], 100],
  ])('within %p: the earliest, %d', (budgets, earliest) => {
    expect(levels(...budgets)).toBe(earliest);
  });

  test('of two at the same instant it is the outer one', () => {
    const [outer, inner] = [Deadline.after(100), Deadline.after(100)];
    expect(withDeadline(outer, (context) => withDeadline(inner, getDeadline, context))).toBe(outer);
  });

  test('one that is cancelled keeps its deadline', () => {
    withCancel((context, cancel) => {
      cancel();
      expect(getDeadline(context)?.budget).toBe(100);
    }, within(100));
  });

  test('one that has completed has only what is above', () => {
    expect(getDeadline(withTimeout(50, (context) => context, within(100)))?.budget).toBe(100);
    expect(getDeadline(withTimeout(50, (context) => context))).toBeUndefined();
  });

  test('a later one is not set below an earlier one, however deep', () => {
    withTimeout(50, (context) => {
      withTimeout(80, (inner) => expect(within(60, inner)).toBe(inner), context);
    });
  });
});

describe('deleteDeadline', () => {
  test('frees from the deadline', () => {
    const context = deleteDeadline(within(50, within(100)));
    expect(getDeadline(context)).toBeUndefined();
    expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
    expect(abortSignal(context)).toBeUndefined();
  });

  test('frees from cancellation as well', () => {
    withCancel((context, cancel) => {
      const freed = deleteDeadline(context);
      cancel();
      expect(reasonIn(freed)).toBeUndefined();
      expect(abortSignal(freed)).toBeUndefined();
    }, within(100));
  });

  test('keeps every other value', () => {
    const key = Symbol('other');
    expect(deleteDeadline(within(100).setValue(key, 'kept')).getValue(key)).toBe('kept');
  });

  test('does not keep from setting another one', () => {
    expect(getDeadline(setDeadline(deleteDeadline(within(50)), Deadline.after(100)))?.budget).toBe(100);
  });
});

describe('abortSignal', () => {
  test('aborts when the deadline passes, not before', () => {
    const signal = signalIn(within(100.5));
    advance(100);
    expect(signal.aborted).toBe(false);
    advance(1);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(DeadlineExceededError);
    expect(signal.reason).toMatchObject({ budget: 100.5, inherited: false, spent: 101 });
  });

  test('is the same object each time, also after it aborted', () => {
    const context = within(100);
    const signal = signalIn(context);
    expect(abortSignal(context)).toBe(signal);
    expect(abortSignal(context.setValue(Symbol('other'), 1))).toBe(signal);
    advance(100);
    expect(abortSignal(context)).toBe(signal);
  });

  test('tells each listener once', () => {
    const signal = signalIn(within(100));
    const heard: unknown[] = [];
    signal.addEventListener('abort', (event) => heard.push(event.type));
    signal.onabort = () => heard.push('onabort');
    advance(100);
    advance(100);
    expect(heard).toEqual(['abort', 'onabort']);
  });

  test('is aborted already when it is asked for too late', () => {
    const context = within(100);
    block(200);
    const signal = signalIn(context);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ spent: 200 });
  });

  test('its reason is what throwIfExceeded throws, and what throwIfAborted throws', () => {
    const context = within(100);
    const signal = signalIn(context);
    advance(150);
    expect(reasonIn(context)).toBe(signal.reason);
    expect(() => signal.throwIfAborted()).toThrow(signal.reason);
    expect(reasonIn(within(500, context))).toBe(signal.reason);
  });

  test('is an AbortSignal like any other', () => {
    const signal = signalIn(within(100));
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(String(signal)).toBe('[object AbortSignal]');
    expect(Object.keys(signal)).toEqual(Object.keys(new AbortController().signal));
    expect(() => new Request('http://localhost', { signal })).not.toThrow();
    advance(100);
  });

  test('of a scope that has completed is that of the scope above', () => {
    withTimeout(100, (outer) => {
      const completed = withTimeout(50, (context) => context, outer);
      expect(abortSignal(completed)).toBe(signalIn(outer));
    });
  });

  test('of a child with an earlier deadline is its own', () => {
    const outer = within(100);
    const inner = within(50, outer);
    const [outerSignal, innerSignal] = [signalIn(outer), signalIn(inner)];
    advance(50);
    expect([outerSignal.aborted, innerSignal.aborted]).toEqual([false, true]);
    advance(50);
    expect(outerSignal.aborted).toBe(true);
    expect(innerSignal.reason).toMatchObject({ budget: 50 });
  });
});

describe('telemetry is exempt: a context in which tracing is suppressed', () => {
  test('has no deadline, and no signal', () => {
    const context = suppressTracing(within(100));
    expect(getDeadline(context)).toBeUndefined();
    expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
    expect(abortSignal(context)).toBeUndefined();
    advance(200);
    expect(reasonIn(context)).toBeUndefined();
  });

  test('has it again when the suppression ends', () => {
    const context = unsuppressTracing(suppressTracing(within(100)));
    expect(remainingTime(context)).toBe(100);
  });
});

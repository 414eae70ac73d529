import {
  type Context,
  context as contextApi,
  diag,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import fc from 'fast-check';
import {
  abortSignal,
  getDeadline,
  remainingTime,
  setDeadline,
  throwIfExceeded,
} from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { Scope } from '../../src/context/scope/scope.js';
import { detach, withCancel, withTimeout } from '../../src/context/with-scope.js';
import { CallCancelledError, DeadlineExceededError } from '../../src/errors.js';
import { DeadlineInstrumentation } from '../../src/instrumentation/deadline-instrumentation.js';
import { createPropagator } from '../../src/propagation/create-propagator.js';
import { attachInbound } from '../../src/propagation/inbound.js';
import { withCaller } from '../../src/propagation/with-caller.js';
import { reasonIn, signalIn } from '../context/scope/signal-and-reason.js';
import { advance, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

let disable: () => void = () => {};
beforeEach(() => {
  contextApi.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(createPropagator());
});
afterEach(() => {
  disable();
  disable = () => {};
  for (const api of [contextApi, propagation, diag]) api.disable();
});

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const CARRIER = Object.freeze({
  traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  baggage: 'user=u-17',
  timebudget: '1000',
});
const user = (context: Context) => propagation.getBaggage(context)?.getEntry('user')?.value;

/** Whether the scope of `context` has completed: nothing binds work in it any more. */
function completed(context: Context | undefined): boolean {
  if (context === undefined) throw new Error('fn has not run');
  advance(2_000);
  const left = remainingTime(context);
  return left === Number.POSITIVE_INFINITY && reasonIn(context) === undefined && abortSignal(context) === undefined;
}

describe.each<[string, 'enforce' | 'observe' | undefined]>([
  ['with the propagator alone', undefined],
  ['with the instrumentation', 'enforce'],
  ['with the instrumentation that observes', 'observe'],
])('%s', (_, mode) => {
  beforeEach(() => {
    if (mode === undefined) return;
    const instrumentation = new DeadlineInstrumentation({ mode });
    disable = () => instrumentation.disable();
  });

  test('fn has deadline, trace and baggage of the carrier, as an argument and as the active context', () => {
    withCaller(CARRIER, (given) => {
      for (const context of [given, contextApi.active()]) {
        expect(remainingTime(context)).toBe(1_000);
        expect(getDeadline(context)).toMatchObject({ budget: 1_000, inherited: true });
        expect(trace.getSpanContext(context)?.traceId).toBe(traceId);
        expect(user(context)).toBe('u-17');
      }
    });
  });

  test('at the deadline the signal aborts', async () => {
    await withCaller(CARRIER, async (context) => {
      const signal = signalIn(context);
      advance(1_000);
      expect(signal.reason).toBeInstanceOf(DeadlineExceededError);
    });
  });

  test('cancel aborts the signal, with its reason as the cause', async () => {
    await withCaller(CARRIER, async (context, cancel) => {
      const cause = new Error('the socket has closed');
      cancel(cause);
      cancel(new Error('once more'));
      const { reason } = signalIn(context);
      expect(reason).toBeInstanceOf(CallCancelledError);
      expect(reason).toHaveProperty('cause', cause);
      expect(reasonIn(context)).toBe(reason);
    });
  });

  test('a carrier serves several calls: each has the whole budget, and ends by itself', () => {
    withCaller(CARRIER, (first, cancel) => {
      advance(300);
      withCaller(CARRIER, (second) => {
        cancel();
        expect(remainingTime(first)).toBe(0);
        // Inside of the first one.
        expect(remainingTime(second)).toBe(0);
      });
    });
    withCaller(CARRIER, (third) => expect(remainingTime(third)).toBe(1_000));
  });

  test('calls side by side have nothing in common', async () => {
    const contexts: Context[] = [];
    const cancels: (() => void)[] = [];
    const release: (() => void)[] = [];
    const calls = [0, 1].map(() =>
      withCaller(CARRIER, (context, cancel) => {
        contexts.push(context);
        cancels.push(cancel);
        return new Promise<void>((resolve) => release.push(resolve));
      }),
    );
    cancels[0]?.();
    expect(contexts.map((context) => remainingTime(context))).toEqual([0, 1_000]);
    for (const settle of release) settle();
    await Promise.all(calls);
    expect(contexts.map((context) => completed(context))).toEqual([true, true]);
  });

  test.each<[string, string | undefined, number, number]>([
    ['the earlier deadline of the carrier', '500', 800, 500],
    ['the earlier deadline of the active context', '800', 500, 500],
    ['the deadline of the active context alone', undefined, 500, 500],
    ['a cancelled active scope', '800', -1, 0],
  ])('what binds fn: %s', (_, timebudget, outer, expected) => {
    const look = () => withCaller({ timebudget }, (context) => remainingTime(context));
    const bound =
      outer >= 0
        ? withTimeout(outer, look)
        : withCancel((_context, cancel) => {
            cancel();
            return look();
          });
    expect(bound).toBe(expected);
  });

  test('an exhausted budget: fn runs, and finds no time', () => {
    withCaller({ timebudget: '0' }, (context) => {
      expect(remainingTime(context)).toBe(0);
      expect(() => throwIfExceeded(context)).toThrow(DeadlineExceededError);
    });
  });

  test('without a budget there is no deadline, but the call can be cancelled', () => {
    withCaller({}, (context, cancel) => {
      expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
      expect(signalIn(context).aborted).toBe(false);
      cancel();
      expect(signalIn(context).aborted).toBe(true);
    });
  });

  test('whatever is nested: the earliest deadline binds, and none behind detach', () => {
    const budget = fc.integer({ min: 0, max: 5_000 });
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('caller', 'timeout', 'message'), ms: budget }),
      fc.record({ kind: fc.constantFrom('detach', 'bare'), ms: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const run = (index: number, expected: number): void => {
          expect(remainingTime()).toBe(expected);
          const next = steps[index];
          if (next === undefined) return;
          const { kind, ms } = next;
          const carrier = { timebudget: String(ms) };
          if (kind === 'caller') withCaller(carrier, () => run(index + 1, Math.min(expected, ms)));
          if (kind === 'bare') withCaller({}, () => run(index + 1, expected));
          if (kind === 'timeout') withTimeout(ms, () => run(index + 1, Math.min(expected, ms)));
          if (kind === 'detach') detach(() => run(index + 1, Number.POSITIVE_INFINITY));
          if (kind === 'message') {
            const extracted = propagation.extract(contextApi.active(), carrier);
            const binds = mode === undefined ? Math.min(expected, ms) : expected;
            contextApi.with(extracted, () => run(index + 1, binds));
          }
        };
        run(0, Number.POSITIVE_INFINITY);
      }),
    );
  });
});

const lazyQuery = {
  // biome-ignore lint/suspicious/noThenProperty: the thing under test is a thenable that is no Promise
  then: (resolve: (value: number) => unknown) => Promise.resolve(5).then(resolve),
} as PromiseLike<number>;

describe('the scope lives until fn has settled', () => {
  let context: Context | undefined;
  const enter = (entered: Context) => {
    context = entered;
    signalIn(entered);
  };

  test('it returns: what it returned', () => {
    const result = {};
    const fn = (entered: Context) => {
      enter(entered);
      return result;
    };
    expect(withCaller(CARRIER, fn)).toBe(result);
    expect(completed(context)).toBe(true);
  });

  test('it throws', () => {
    const error = new Error('from fn');
    const fn = (entered: Context) => {
      enter(entered);
      throw error;
    };
    expect(() => withCaller(CARRIER, fn)).toThrow(error);
    expect(completed(context)).toBe(true);
  });

  test.each<[string, () => PromiseLike<unknown>, boolean]>([
    ['its promise resolves', () => Promise.resolve(5), true],
    ['its promise rejects', () => Promise.reject(new Error('from fn')), false],
    ['its thenable resolves', () => lazyQuery, true],
  ])('%s', async (_, work, resolves) => {
    const outcome = withCaller(CARRIER, (entered) => {
      enter(entered);
      return work();
    });
    expect(remainingTime(context)).toBe(1_000);
    await (resolves ? expect(outcome).resolves.toBe(5) : expect(outcome).rejects.toThrow('from fn'));
    expect(completed(context)).toBe(true);
  });

  test('a cancel afterwards does nothing', () => {
    const cancel = withCaller(CARRIER, (entered, cancel) => {
      enter(entered);
      return cancel;
    });
    cancel();
    expect(completed(context)).toBe(true);
  });
});

describe('fn runs, without a deadline', () => {
  const fail = (): never => {
    throw new Error('hostile');
  };
  const run = (carrier: unknown, getter?: TextMapGetter<unknown>) =>
    withCaller(
      carrier,
      (context, cancel) => {
        const left = remainingTime(context);
        cancel();
        return [left, reasonIn(context)];
      },
      getter,
    );
  const none = [Number.POSITIVE_INFINITY, expect.any(CallCancelledError)];

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a string', 'timebudget: 5'],
    ['a symbol', Symbol('5')],
    ['a bigint', 5n],
    ['an array', ['timebudget', '5']],
    ['a function', () => '5'],
    ['an object without a prototype', Object.create(null)],
    ['a budget that is none', { timebudget: 'soon' }],
    ['a proxy that throws', new Proxy({}, { get: fail, has: fail, ownKeys: fail })],
  ])('a carrier that is %s', (_, carrier) => {
    expect(run(carrier)).toEqual(none);
  });

  test('a getter that throws', () => {
    expect(run(CARRIER, { get: fail, keys: fail })).toEqual(none);
  });

  test('a propagator that throws, which is logged', () => {
    const error = jest.fn();
    const nothing = () => {};
    diag.setLogger({ error, warn: nothing, info: nothing, debug: nothing, verbose: nothing });
    propagation.disable();
    propagation.setGlobalPropagator({ inject: fail, extract: fail, fields: () => [] });
    expect(run(CARRIER)).toEqual(none);
    expect(error).toHaveBeenCalledTimes(1);
  });

  test('no propagator', () => {
    propagation.disable();
    expect(run(CARRIER)).toEqual(none);
  });
});

test("a deadline that another's propagator sets ends with fn as well", () => {
  propagation.disable();
  propagation.setGlobalPropagator({
    inject() {},
    extract: (context) => setDeadline(context, Deadline.after(500)),
    fields: () => [],
  });
  const context = withCaller({}, (entered) => {
    expect(remainingTime(entered)).toBe(500);
    return entered;
  });
  expect(completed(context)).toBe(true);
});

test('without a context manager the context that fn gets is the one of the call', () => {
  contextApi.disable();
  withCaller(CARRIER, (context) => {
    expect(contextApi.active()).toBe(ROOT_CONTEXT);
    expect(remainingTime(context)).toBe(1_000);
    expect(user(context)).toBe('u-17');
  });
});

test('a getter reads any carrier, a string as well', () => {
  const json: TextMapGetter<string> = {
    get: (text, key) => JSON.parse(text)[key],
    keys: (text) => Object.keys(JSON.parse(text)),
  };
  const look = (context: Context) => [remainingTime(context), user(context)];
  expect(withCaller(JSON.stringify(CARRIER), look, json)).toEqual([1_000, 'u-17']);
});

test('the headers of a request that a server has adopted: the end of that request binds', () => {
  const scope = new Scope(undefined, undefined, 'owned');
  const headers = { timebudget: '1000' };
  attachInbound(headers, { trusted: true, openScope: () => scope });
  withCaller(headers, (context) => {
    expect(reasonIn(context)).toBeUndefined();
    scope.cancel();
    expect(reasonIn(context)).toBeInstanceOf(CallCancelledError);
  });
  scope.complete();
});

describe('the span that is active in fn', () => {
  const spanOf = (traceId: string, isRemote?: boolean): Span =>
    trace.wrapSpanContext({ traceId, spanId: 'a'.repeat(16), traceFlags: 1, ...(isRemote && { isRemote }) });
  const consumer = spanOf(traceId);
  const stranger = spanOf('f'.repeat(32));

  test.each<[string, Span, object, string | undefined]>([
    ["one that was started for the caller's trace stays", consumer, CARRIER, 'a'.repeat(16)],
    ['one of another trace is replaced by that of the caller', stranger, CARRIER, '00f067aa0ba902b7'],
    ['another remote parent is replaced by that of the caller', spanOf(traceId, true), CARRIER, '00f067aa0ba902b7'],
    ['without a trace in the carrier the active one stays', stranger, {}, 'a'.repeat(16)],
  ])('%s', (_, active, carrier, expected) => {
    const spanId = contextApi.with(trace.setSpan(ROOT_CONTEXT, active), () =>
      withCaller(carrier, (context) => trace.getSpanContext(context)?.spanId),
    );
    expect(spanId).toBe(expected);
  });
});

describe('wrong arguments', () => {
  const fn = jest.fn();

  test.each<[string, unknown, unknown]>([
    ['withCaller: expected a function, got undefined', undefined, undefined],
    ['withCaller: expected a function, got "fn"', 'fn', undefined],
    ['withCaller: expected a TextMapGetter, got null', fn, null],
    ['withCaller: expected a TextMapGetter, got Function', fn, () => 'value'],
    ['withCaller: expected a TextMapGetter, got Object', fn, { keys: () => [] }],
  ])('%s', (message, fn, getter) => {
    expect(() => withCaller({}, fn as never, getter as never)).toThrow(new TypeError(message));
  });

  test('fn has not run', () => {
    expect(fn).not.toHaveBeenCalled();
  });
});

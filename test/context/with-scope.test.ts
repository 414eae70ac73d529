import { type Context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { abortSignal, getDeadline, remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { detach, withCancel, withDeadline, withTimeout } from '../../src/context/with-scope.js';
import { CallCancelledError, DeadlineExceededError } from '../../src/errors.js';
import { advance, block, useFakeClock } from '../support/fake-clock.js';
import { reasonIn, signalIn } from './scope/signal-and-reason.js';

useFakeClock();

const within = (ms: number) => setDeadline(ROOT_CONTEXT, Deadline.after(ms));

describe('withTimeout', () => {
  test('runs fn in a context that is bound', () => {
    const left = withTimeout(100, (context) => [remainingTime(context), getDeadline(context)?.inherited]);
    expect(left).toEqual([100, false]);
  });

  test('shrinks the time of its parent, and never extends it', () => {
    expect(withTimeout(50, remainingTime, within(100))).toBe(50);
    expect(withTimeout(200, remainingTime, within(100))).toBe(100);
  });

  test('nested: the earliest of all counts, at each level', () => {
    const seen = withTimeout(100, (a) =>
      withTimeout(300, (b) => withTimeout(30, (c) => withTimeout(80, (d) => [a, b, c, d].map(remainingTime), c), b), a),
    );
    expect(seen).toEqual([100, 100, 30, 30]);
  });

  test('0: fn runs, with an exhausted deadline', () => {
    const seen = withTimeout(0, (context) => {
      const { aborted, reason } = signalIn(context);
      return [remainingTime(context), aborted, reason === reasonIn(context), reason];
    });
    expect(seen).toEqual([0, true, true, expect.any(DeadlineExceededError)]);
  });

  test('Infinity: fn runs with what the parent has', () => {
    expect(withTimeout(Number.POSITIVE_INFINITY, remainingTime)).toBe(Number.POSITIVE_INFINITY);
    expect(withTimeout(Number.POSITIVE_INFINITY, (context) => abortSignal(context))).toBeUndefined();
    expect(withTimeout(Number.POSITIVE_INFINITY, remainingTime, within(100))).toBe(100);
  });

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1])('%d ms are over after as many ms, not before', (ms) => {
    withCancel((outer) => {
      const abortedAt: number[] = [];
      withTimeout(
        ms,
        (context) => {
          signalIn(context).addEventListener('abort', () => abortedAt.push(performance.now()));
          advance(2 * ms);
        },
        outer,
      );
      expect(abortedAt).toEqual([ms]);
    });
  });

  test('what is left never falls below 0', () => {
    withTimeout(100, (context) => {
      block(1000);
      expect(remainingTime(context)).toBe(0);
    });
  });
});

describe('withDeadline', () => {
  test('a Date', () => {
    expect(withDeadline(new Date(Date.now() + 100), remainingTime)).toBe(100);
  });

  test('a Date in the past, however old: exhausted', () => {
    expect(withDeadline(new Date(Date.now() - 1), remainingTime)).toBe(0);
    expect(withDeadline(new Date(0), remainingTime)).toBe(0);
    expect(withDeadline(new Date(-8.64e15), remainingTime)).toBe(0);
  });

  test('a Deadline, which goes on running outside', () => {
    const deadline = Deadline.after(100);
    advance(40);
    expect(withDeadline(deadline, remainingTime)).toBe(60);
    expect(withDeadline(deadline, (context) => getDeadline(context))).toBe(deadline);
  });

  test('a Deadline that never passes', () => {
    expect(withDeadline(Deadline.after(Number.POSITIVE_INFINITY), remainingTime, within(100))).toBe(100);
  });
});

describe('withCancel', () => {
  test('cancel ends the scope, with the reason as the cause', () => {
    const cause = { code: 'ECONNRESET' };
    withCancel((context, cancel) => {
      const signal = signalIn(context);
      expect([signal.aborted, remainingTime(context)]).toEqual([false, Number.POSITIVE_INFINITY]);
      cancel(cause);
      expect([signal.aborted, remainingTime(context)]).toEqual([true, 0]);
      expect(signal.reason).toBeInstanceOf(CallCancelledError);
      expect(signal.reason.cause).toBe(cause);
      expect(reasonIn(context)).toBe(signal.reason);
    });
  });

  test('only the first call counts', () => {
    withCancel((context, cancel) => {
      cancel('first');
      const reason = reasonIn(context);
      cancel('second');
      expect(reasonIn(context)).toBe(reason);
      expect(reason).toMatchObject({ cause: 'first' });
    });
  });

  test('without a reason there is no cause', () => {
    withCancel((context, cancel) => {
      cancel();
      expect(reasonIn(context)).toBeInstanceOf(CallCancelledError);
      expect('cause' in (reasonIn(context) as object)).toBe(false);
    });
  });

  test('a falsy reason is a reason', () => {
    withCancel((context, cancel) => {
      cancel(null);
      expect(reasonIn(context)).toHaveProperty('cause', null);
    });
  });

  test('after the deadline it comes too late', () => {
    withCancel((context, cancel) => {
      block(200);
      cancel();
      expect(reasonIn(context)).toBeInstanceOf(DeadlineExceededError);
    }, within(100));
  });

  test('after fn has settled it does nothing', () => {
    const [context, cancel, signal] = withCancel((context, cancel) => [context, cancel, signalIn(context)] as const);
    cancel();
    expect([signal.aborted, reasonIn(context)]).toEqual([false, undefined]);
  });

  test('it can be called without its scope, and from within the abort of that scope', () => {
    withCancel((context, cancel) => {
      signalIn(context).addEventListener('abort', () => cancel('again'));
      [1].forEach(cancel);
      expect(reasonIn(context)).toMatchObject({ cause: 1 });
    });
  });
});

describe('detach', () => {
  const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  const baggage = propagation.createBaggage({ tenant: { value: 'a' } });
  const request = (context: Context) => propagation.setBaggage(trace.setSpanContext(context, spanContext), baggage);

  test('frees fn of deadline and cancellation', () => {
    withCancel((context, cancel) => {
      detach((detached) => {
        cancel();
        advance(200);
        expect([remainingTime(detached), abortSignal(detached), reasonIn(detached)]).toEqual([
          Number.POSITIVE_INFINITY,
          undefined,
          undefined,
        ]);
      }, context);
      expect(remainingTime(context)).toBe(0);
    }, within(100));
  });

  test('keeps span and baggage', () => {
    for (const parent of [request(within(100)), withTimeout(50, request), request(ROOT_CONTEXT)]) {
      detach((context) => {
        expect(trace.getSpanContext(context)).toEqual(spanContext);
        expect(propagation.getBaggage(context)).toBe(baggage);
      }, parent);
    }
  });

  test('what fn returns or throws passes through', async () => {
    expect(detach(() => 5)).toBe(5);
    expect(() =>
      detach(() => {
        throw new RangeError('x');
      }),
    ).toThrow('x');
    await expect(
      detach(async () => {
        throw new RangeError('y');
      }),
    ).rejects.toThrow('y');
  });

  test('a new deadline can be set in it', () => {
    expect(detach((context) => withTimeout(500, remainingTime, context), within(100))).toBe(500);
  });
});

test('work that is exempt from deadlines stays exempt under a new one', () => {
  expect(
    withTimeout(100, (context) => [remainingTime(context), abortSignal(context)], suppressTracing(within(50))),
  ).toEqual([Number.POSITIVE_INFINITY, undefined]);
});

import { ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { abortSignal, deleteDeadline, getDeadline, remainingTime } from '../../src/context/context-deadline.js';
import { shared } from '../../src/context/shared/shared.js';
import { detach, withTimeout } from '../../src/context/with-scope.js';
import { CallCancelledError, DeadlineExceededError } from '../../src/errors.js';
import { pendingAlarms } from '../../src/time/alarms.js';
import { advance, block, useFakeClock } from '../support/fake-clock.js';
import { reasonIn, signalIn } from './scope/signal-and-reason.js';
import { Call, Caller, turn, Work } from './shared-calls.js';

useFakeClock();

let key: object;
let work: Work;
beforeEach(() => {
  key = {};
  work = new Work();
});

/** A call for the work of the test. */
const ask = (caller?: Caller, budget?: number) =>
  new Call(key, work.fn, { parent: caller?.parent ?? ROOT_CONTEXT, ...(budget === undefined ? {} : { budget }) });

const outcomes = async (...calls: Call[]) => {
  await turn();
  return calls.map(({ outcome }) => outcome);
};

// biome-ignore lint/suspicious/noThenProperty: a case is a thenable that is no Promise
const thenable = { then: (resolve: (value: string) => void) => resolve('value') };

describe('all that ask meanwhile share one run', () => {
  test('and its result', async () => {
    const calls = [ask(new Caller(100)), ask(new Caller()), ask()];
    expect(work.runs).toHaveLength(1);
    const value = {};
    work.run.resolve(value);
    expect(await outcomes(...calls)).toEqual([{ value }, { value }, { value }]);
    for (const { promise } of calls) expect(await promise).toBe(value);
  });

  test('and its error', async () => {
    const calls = [ask(), ask(), ask()];
    const error = new Error('from fn');
    work.run.reject(error);
    expect(await outcomes(...calls)).toEqual([{ error }, { error }, { error }]);
  });

  test.each<[string, () => unknown, object]>([
    ['returns a value', () => 'value', { value: 'value' }],
    ['returns a thenable', () => thenable, { value: 'value' }],
    [
      'throws',
      () => {
        throw new TypeError('from fn');
      },
      { error: new TypeError('from fn') },
    ],
  ])('fn %s: a promise for it, and the key is free again', async (_, fn, settled) => {
    const call = new Call(key, fn);
    expect(call.promise).toBeInstanceOf(Promise);
    expect(await outcomes(call)).toEqual([settled]);
    expect(await shared(key, () => 'next')).toBe('next');
  });

  test('nothing is kept: a waiter that has its result may begin the next run', async () => {
    const again = ask().promise.then(() => ask().promise);
    work.run.resolve('first');
    await turn();
    expect(work.runs).toHaveLength(2);
    work.run.resolve('second');
    expect(await again).toBe('second');
  });
});

describe('each waits within its own deadline and cancellation', () => {
  test('who goes away gets the reason of the own scope, the others get the result', async () => {
    const [a, b, c, d] = [new Caller(), new Caller(50), new Caller(80), new Caller(90)];
    const calls = [a, b, c, d].map((caller) => ask(caller));
    a.scope.cancel();
    expect(await outcomes(...calls)).toEqual([{ error: reasonIn(a.parent) }, 'pending', 'pending', 'pending']);
    advance(50);
    expect(await outcomes(...calls.slice(1))).toEqual([{ error: reasonIn(b.parent) }, 'pending', 'pending']);
    expect(reasonIn(b.parent)).toBeInstanceOf(DeadlineExceededError);
    expect(reasonIn(work.run.context)).toBeUndefined();
    work.run.resolve('result');
    expect(await outcomes(...calls.slice(2))).toEqual([{ value: 'result' }, { value: 'result' }]);
    expect(pendingAlarms()).toBe(0);
  });

  test('whose scope has ended neither begins a run nor joins one', async () => {
    const gone = new Caller(10);
    advance(10);
    const first = ask(gone);
    expect(work.runs).toHaveLength(0);
    const stays = new Caller();
    const call = ask(stays);
    const second = ask(gone);
    const error = reasonIn(gone.parent);
    expect(error).toBeInstanceOf(DeadlineExceededError);
    expect(await outcomes(first, second)).toEqual([{ error }, { error }]);
    // The late one does not keep the run going.
    stays.scope.cancel();
    expect(reasonIn(work.run.context)).toBeInstanceOf(CallCancelledError);
    expect(await outcomes(call)).toEqual([{ error: reasonIn(stays.parent) }]);
  });

  test.each([
    ['no scope', ROOT_CONTEXT],
    ['a detached context', deleteDeadline(ROOT_CONTEXT)],
    ['a context that has completed', withTimeout(5, (context) => context)],
  ])('%s: the wait is bound by nothing', async (_, parent) => {
    const call = new Call(key, work.fn, { parent, budget: Number.POSITIVE_INFINITY });
    advance(2 ** 40);
    expect(await outcomes(call)).toEqual(['pending']);
    work.run.resolve('result');
    expect(await outcomes(call)).toEqual([{ value: 'result' }]);
  });

  test('telemetry waits for as long as it takes, also in the context of a request that has ended', async () => {
    const caller = new Caller(10);
    const suppressed = new Call(key, work.fn, { parent: suppressTracing(caller.parent) });
    const call = ask(caller);
    advance(10);
    expect(await outcomes(call, suppressed)).toEqual([{ error: reasonIn(caller.parent) }, 'pending']);
    expect(reasonIn(work.run.context)).toBeUndefined();
    work.run.resolve('token');
    expect(await outcomes(suppressed)).toEqual([{ value: 'token' }]);
  });
});

describe('a scope that completes while its call waits', () => {
  test('with nothing above: the wait goes on', async () => {
    const caller = new Caller(50);
    const call = ask(caller);
    caller.scope.completeAnswered();
    expect(pendingAlarms()).toBe(1);
    advance(1000);
    work.run.resolve('result');
    expect(await outcomes(call)).toEqual([{ value: 'result' }]);
  });

  test('with a scope above: that one binds from now on', async () => {
    const outer = new Caller(80);
    const inner = new Caller(50, outer.parent);
    const call = ask(inner);
    inner.scope.complete();
    advance(50);
    expect(await outcomes(call)).toEqual(['pending']);
    advance(30);
    expect(await outcomes(call)).toEqual([{ error: reasonIn(outer.parent) }]);
    expect(reasonIn(work.run.context)).toBeInstanceOf(CallCancelledError);
  });

  test('the request above is answered: the own scope still binds', async () => {
    const request = new Caller(200);
    const inner = new Caller(50, request.parent);
    const call = ask(inner);
    request.scope.completeAnswered();
    expect(await outcomes(call)).toEqual(['pending']);
    advance(50);
    expect(await outcomes(call)).toEqual([{ error: reasonIn(inner.parent) }]);
  });
});

describe('the run', () => {
  test('is bound by its budget alone, from when it began', () => {
    ask(new Caller(100));
    expect(remainingTime(work.run.context)).toBe(30_000);
    advance(60);
    ask(undefined, 5);
    expect(remainingTime(work.run.context)).toBe(29_940);
    expect(getDeadline(work.run.context)).toMatchObject({ budget: 30_000, inherited: false });
    work.run.resolve(0);
    return turn();
  });

  test('is cancelled when the last one has gone, and the key is free from then on', async () => {
    const [a, b] = [new Caller(), new Caller(50)];
    const calls = [ask(a), ask(b)];
    const first = work.run;
    const signal = signalIn(first.context);
    a.scope.cancel();
    expect(signal.aborted).toBe(false);
    advance(50);
    expect(signal.reason).toBeInstanceOf(CallCancelledError);
    // No caller's reason is a cause of the run's.
    expect(signal.reason).not.toHaveProperty('cause');
    const next = ask();
    expect(work.runs).toHaveLength(2);
    // What becomes of the first run no longer matters.
    first.resolve('too late');
    expect(await outcomes(...calls, next)).toEqual([
      { error: reasonIn(a.parent) },
      { error: reasonIn(b.parent) },
      'pending',
    ]);
    const joins = ask();
    expect(work.runs).toHaveLength(2);
    work.run.resolve('result');
    expect(await outcomes(next, joins)).toEqual([{ value: 'result' }, { value: 'result' }]);
  });

  test('that is cancelled is joined by nobody, a listener of its signal included', async () => {
    const caller = new Caller();
    ask(caller);
    let next: Call | undefined;
    signalIn(work.run.context).addEventListener('abort', () => {
      next = ask();
    });
    caller.scope.cancel();
    expect(work.runs).toHaveLength(2);
    work.run.resolve('result');
    await turn();
    expect(next?.outcome).toEqual({ value: 'result' });
  });

  test('whose fn cancels the only caller is cancelled, and its result is nobody’s', async () => {
    const caller = new Caller();
    const call = new Call(
      key,
      (context) => {
        caller.scope.cancel();
        return reasonIn(context);
      },
      { parent: caller.parent },
    );
    expect(await outcomes(call)).toEqual([{ error: reasonIn(caller.parent) }]);
    expect(await shared(key, () => 'next')).toBe('next');
  });
});

describe('when the budget of the run ends', () => {
  test('all that wait get an error at once, though fn takes no notice', async () => {
    const calls = [ask(new Caller(60_000)), ask()];
    const [deaf] = work.runs;
    advance(30_000);
    const [first, second] = await outcomes(...calls);
    expect(second).toEqual(first);
    const { error } = first as { error: DeadlineExceededError };
    expect(error).toBeInstanceOf(DeadlineExceededError);
    expect(error).toBe(deaf && reasonIn(deaf.context));
    expect(error).toMatchObject({ status: 504, budget: 30_000, inherited: false });
    expect(error.message).toBe('deadline exceeded: 30000 ms budget of shared work, 30000 ms spent');
    expect(pendingAlarms()).toBe(0);
    const next = ask();
    expect(work.runs).toHaveLength(2);
    deaf?.resolve('too late');
    work.run.resolve('result');
    expect(await outcomes(next)).toEqual([{ value: 'result' }]);
  });

  test('a call that comes before the timer has fired begins a new run', async () => {
    const late = ask(undefined, 100);
    block(150);
    const next = ask(undefined, 100);
    expect(work.runs).toHaveLength(2);
    advance(0);
    expect((await outcomes(late, next))[1]).toBe('pending');
    expect(late.outcome).toMatchObject({ error: { budget: 100 } });
    work.run.resolve('result');
    expect(await outcomes(next)).toEqual([{ value: 'result' }]);
  });

  test('0 is exhausted: fn runs and is not waited for', async () => {
    const call = ask(undefined, 0);
    expect(remainingTime(work.run.context)).toBe(0);
    expect(await outcomes(call)).toEqual([{ error: reasonIn(work.run.context) }]);
    work.run.resolve(1);
  });

  test('Infinity is none, and the run can be cancelled all the same', () => {
    const caller = new Caller();
    ask(caller, Number.POSITIVE_INFINITY);
    expect(getDeadline(work.run.context)).toBeUndefined();
    expect(abortSignal(work.run.context)?.aborted).toBe(false);
    caller.scope.cancel();
    expect(abortSignal(work.run.context)?.aborted).toBe(true);
  });
});

describe('a run that would wait for itself gets an error at once', () => {
  const itself = { error: new Error('shared work would wait for itself') };

  test('directly, also from a scope of its own or detached', async () => {
    const asks = (parent = ROOT_CONTEXT) => new Call(key, () => 'never', { parent });
    const call = new Call(key, async (context) => {
      const inner = [
        asks(context),
        withTimeout(5, asks, context),
        detach(asks, context),
        asks(suppressTracing(context)),
      ];
      return outcomes(...inner);
    });
    expect(await call.promise).toEqual([itself, itself, itself, itself]);
  });

  test('through runs that it began', async () => {
    const [a, b, c] = [{}, {}, {}];
    const call = new Call(a, (one) =>
      shared(b, (two) => shared(c, (three) => shared(a, () => 'never', { parent: three }), { parent: two }), {
        parent: one,
      }),
    );
    expect(await outcomes(call)).toEqual([itself]);
  });

  test('through a run that another call began', async () => {
    const [a, b] = [{}, {}];
    const [first, second] = [new Work(), new Work()];
    const calls = [new Call(a, first.fn), new Call(b, second.fn)];
    first.run.resolve(shared(b, second.fn, { parent: first.run.context }));
    second.run.resolve(shared(a, first.fn, { parent: second.run.context }));
    expect(await outcomes(...calls)).toEqual([itself, itself]);
    expect([first.runs.length, second.runs.length]).toEqual([1, 1]);
  });

  test('but not when its wait for that run is over', async () => {
    const [a, b] = [{}, {}];
    const [first, second] = [new Work(), new Work()];
    const calls = [new Call(a, first.fn), new Call(b, second.fn)];
    const impatient = new Caller(10, first.run.context);
    const gaveUp = new Call(b, second.fn, { parent: impatient.parent });
    advance(10);
    expect(await outcomes(gaveUp)).toEqual([{ error: reasonIn(impatient.parent) }]);
    second.run.resolve(shared(a, first.fn, { parent: second.run.context }));
    first.run.resolve('without b');
    expect(await outcomes(...calls)).toEqual([{ value: 'without b' }, { value: 'without b' }]);
  });

  test('and not when it is over: what goes on in its context may ask again', async () => {
    ask();
    const { context, resolve } = work.run;
    resolve('over');
    await turn();
    expect(await shared(key, () => 'again', { parent: context })).toBe('again');
  });

  test('nor is a run that has got the result of the one that asks', async () => {
    const [first, second] = [new Work(), new Work()];
    const calls = [new Call(first, first.fn), new Call(second, second.fn)];
    const inner = new Call(first, first.fn, { parent: second.run.context });
    first.run.resolve('first');
    await turn();
    const late = new Call(second, second.fn, { parent: first.run.context });
    second.run.resolve('second');
    expect(await outcomes(...calls, inner, late)).toEqual(
      ['first', 'second', 'first', 'second'].map((value) => ({ value })),
    );
  });
});

test('a run inside of a run ends with it, when nobody else waits', () => {
  const [caller, inner] = [new Caller(), new Work()];
  new Call(key, (context) => shared(work, inner.fn, { parent: context }), { parent: caller.parent });
  caller.scope.cancel();
  expect(reasonIn(inner.run.context)).toBeInstanceOf(CallCancelledError);
});

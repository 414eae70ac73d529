import { type Context, context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { suppressTracing } from '@opentelemetry/core';
import { abortSignal, remainingTime, throwIfExceeded } from '../../src/context/context-deadline.js';
import { detach, withCancel, withTimeout } from '../../src/context/with-scope.js';
import { advance, useFakeClock } from '../support/fake-clock.js';
import { signalIn } from './scope/signal-and-reason.js';

useFakeClock();

/** The next turn of the event loop, which the fake clock leaves alone. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('where a context manager is registered', () => {
  beforeAll(() => {
    contextApi.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterAll(() => contextApi.disable());

  test('fn runs in the context that it is given, and so does what it awaits', async () => {
    await withTimeout(100, async (context) => {
      expect(contextApi.active()).toBe(context);
      await turn();
      expect(contextApi.active()).toBe(context);
      expect(remainingTime()).toBe(100);
      expect(abortSignal()).toBe(abortSignal(context));
      advance(100);
      expect(() => throwIfExceeded()).toThrow('100 ms budget');
    });
    expect(contextApi.active()).toBe(ROOT_CONTEXT);
  });

  test('scopes nest through the active context', () => {
    withTimeout(100, () => {
      withTimeout(500, () => {
        expect(remainingTime()).toBe(100);
        withTimeout(50, () => expect(remainingTime()).toBe(50));
        detach(() => expect(remainingTime()).toBe(Number.POSITIVE_INFINITY));
        expect(remainingTime()).toBe(100);
      });
    });
  });

  test('requests at the same time have each their own deadline', async () => {
    const left = [300, 100, 200].map((ms) =>
      withTimeout(ms, async () => {
        await turn();
        return remainingTime();
      }),
    );
    expect(await Promise.all(left)).toEqual([300, 100, 200]);
  });

  test('an explicit parent is taken before the active context', () => {
    withTimeout(50, () => {
      expect(withTimeout(100, remainingTime, ROOT_CONTEXT)).toBe(100);
      expect(withTimeout(Number.POSITIVE_INFINITY, () => remainingTime(), ROOT_CONTEXT)).toBe(Number.POSITIVE_INFINITY);
      expect(detach((context) => context === contextApi.active() && remainingTime(context), ROOT_CONTEXT)).toBe(
        Number.POSITIVE_INFINITY,
      );
    });
  });

  test('a lazy thenable is run in the narrowed context', async () => {
    let active: Context | undefined;
    let narrowed: Context | undefined;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: the thing under test is a thenable that is no Promise
      then(resolve: (value: number) => void) {
        active = contextApi.active();
        resolve(1);
      },
    };
    const result = withTimeout(100, (context) => {
      narrowed = context;
      return query;
    });
    await result;
    expect(active).toBe(narrowed);
  });

  test('work that goes on when its scope has completed is bound by what is above', async () => {
    let late: Promise<number[]> | undefined;
    await withCancel(async () => {
      await withTimeout(100, async () => {
        late = turn().then(() => [remainingTime(), withTimeout(1000, () => remainingTime())]);
      });
    });
    expect(await late).toEqual([Number.POSITIVE_INFINITY, 1000]);
  });

  test('telemetry inside a request is exempt', () => {
    withTimeout(100, (context) => {
      contextApi.with(suppressTracing(context), () => {
        expect([remainingTime(), abortSignal()]).toEqual([Number.POSITIVE_INFINITY, undefined]);
      });
    });
  });
});

describe('where none is registered', () => {
  test('the explicit contexts do all of it', async () => {
    const seen = await withTimeout(100, async (outer) => {
      await turn();
      return withCancel(async (middle, cancel) => {
        const left = withTimeout(50, (inner) => [outer, middle, inner].map(remainingTime), middle);
        const signal = signalIn(middle);
        cancel('enough');
        return [left, [outer, middle].map(remainingTime), signal.reason.cause, contextApi.active() === ROOT_CONTEXT];
      }, outer);
    });
    expect(seen).toEqual([[100, 100, 50], [100, 0], 'enough', true]);
  });
});

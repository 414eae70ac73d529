import type { Context } from '@opentelemetry/api';
import { abortSignal, remainingTime } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { withCancel, withDeadline, withTimeout } from '../../src/context/with-scope.js';
import { advance, useFakeClock } from '../support/fake-clock.js';
import { reasonIn, signalIn } from './scope/signal-and-reason.js';

useFakeClock();

const ways: [string, <T>(fn: (context: Context) => T) => T][] = [
  ['withTimeout', (fn) => withTimeout(100, fn)],
  ['withDeadline', (fn) => withDeadline(Deadline.after(100), fn)],
  ['withCancel', (fn) => withCancel((context) => fn(context))],
];

/** Whether the scope of `context` has completed, which is seen from outside: it binds nobody any more. */
function completed(context: Context | undefined): boolean {
  if (context === undefined) throw new Error('fn has not run');
  advance(200);
  const left = remainingTime(context);
  return left === Number.POSITIVE_INFINITY && reasonIn(context) === undefined && abortSignal(context) === undefined;
}

describe.each(ways)('%s: the scope lives until fn has settled', (_, within) => {
  let context: Context | undefined;
  let signal: AbortSignal | undefined;
  const enter = (narrowed: Context) => {
    context = narrowed;
    signal = signalIn(narrowed);
  };

  test('it returns', () => {
    const result = { some: 'value' };
    expect(
      within((narrowed) => {
        enter(narrowed);
        return result;
      }),
    ).toBe(result);
    expect(completed(context)).toBe(true);
    expect(signal?.aborted).toBe(false);
  });

  test('it throws', () => {
    const error = new Error('from fn');
    expect(() =>
      within((narrowed) => {
        enter(narrowed);
        throw error;
      }),
    ).toThrow(error);
    expect(completed(context)).toBe(true);
    expect(signal?.aborted).toBe(false);
  });

  test('its promise resolves', async () => {
    let settle = (_: string) => {};
    const pending = within((narrowed) => {
      enter(narrowed);
      return new Promise<string>((resolve) => {
        settle = resolve;
      });
    });
    expect(jest.getTimerCount()).toBeLessThanOrEqual(1);
    expect(signalIn(context)).toBe(signal);
    settle('value');
    await expect(pending).resolves.toBe('value');
    expect(completed(context)).toBe(true);
    expect(signal?.aborted).toBe(false);
  });

  test('its promise rejects', async () => {
    const error = new Error('from fn');
    await expect(
      within(async (narrowed) => {
        enter(narrowed);
        await null;
        throw error;
      }),
    ).rejects.toBe(error);
    expect(completed(context)).toBe(true);
    expect(signal?.aborted).toBe(false);
  });
});

describe('what fn returns is what the caller gets', () => {
  test('a promise that settles as that of fn does', async () => {
    const value = { some: 'value' };
    expect(await withTimeout(100, () => Promise.resolve(value))).toBe(value);
    const error = new Error('from fn');
    await expect(withTimeout(100, () => Promise.reject(error))).rejects.toBe(error);
  });

  test('of a subclass of Promise, one of the same class', async () => {
    class QueryPromise<T> extends Promise<T> {
      explain(): string {
        return 'sequential scan';
      }
    }
    const query = withTimeout(100, () => QueryPromise.resolve(1) as QueryPromise<number>);
    expect(query).toBeInstanceOf(QueryPromise);
    expect(query.explain()).toBe('sequential scan');
    expect(await query).toBe(1);
  });

  // biome-ignore lint/suspicious/noThenProperty: one that is no function makes no thenable
  test.each([[undefined], [null], [0], [''], [false], [5n], [{ then: 'none' }], [[]], [Symbol('x')]])(
    '%p, which is no promise',
    (value) => {
      expect(withTimeout(100, () => value)).toBe(value);
    },
  );

  test('a generator and an async iterator run after the scope has completed', () => {
    const [left] = withTimeout(0, function* (context) {
      yield remainingTime(context);
    });
    expect(left).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a lazy thenable, such as a query builder that runs its query when `then` is called', () => {
  function queryBuilder(run: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void) {
    // biome-ignore lint/suspicious/noThenProperty: the thing under test is a thenable that is no Promise
    return { then: jest.fn(run) };
  }

  test('is run once, while the scope lives', async () => {
    let context: Context | undefined;
    const query = queryBuilder((resolve) => resolve(context && remainingTime(context)));
    const result = withTimeout(100, (narrowed) => {
      context = narrowed;
      return query;
    });
    expect(await (result as unknown as Promise<unknown>)).toBe(100);
    expect(query.then).toHaveBeenCalledTimes(1);
    expect(completed(context)).toBe(true);
  });

  test('is run once, though nobody awaits it', async () => {
    const query = queryBuilder((resolve) => resolve(1));
    withTimeout(100, () => query);
    expect(query.then).toHaveBeenCalledTimes(1);
    await new Promise(setImmediate);
    expect(query.then).toHaveBeenCalledTimes(1);
  });

  test.each<[string, Parameters<typeof queryBuilder>[0]]>([
    ['rejects', (_, reject) => reject(new Error('from the query'))],
    [
      'throws in then',
      () => {
        throw new Error('from the query');
      },
    ],
  ])('that %s completes the scope as well', async (_, run) => {
    let context: Context | undefined;
    const query = queryBuilder(run);
    const result = withTimeout(100, (narrowed) => {
      context = narrowed;
      return query;
    });
    await expect(result).rejects.toThrow('from the query');
    expect(query.then).toHaveBeenCalledTimes(1);
    expect(completed(context)).toBe(true);
  });

  test('whose `then` cannot be read throws what it throws, and the scope completes', () => {
    let context: Context | undefined;
    const hostile = {
      // biome-ignore lint/suspicious/noThenProperty: the thing under test
      get then(): never {
        throw new Error('hostile');
      },
    };
    expect(() =>
      withTimeout(100, (narrowed) => {
        context = narrowed;
        return hostile;
      }),
    ).toThrow('hostile');
    expect(completed(context)).toBe(true);
  });
});

import { getEventListeners } from 'node:events';
import { type Context, defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  abortSignal,
  deleteDeadline,
  getDeadline,
  remainingTime,
  setDeadline,
} from '../../../src/context/context-deadline.js';
import { Deadline } from '../../../src/context/deadline.js';
import { detach, withCancel, withDeadline, withTimeout } from '../../../src/context/with-scope.js';
import { DeadlinePropagator } from '../../../src/propagation/deadline-propagator.js';
import { pendingAlarms } from '../../../src/time/alarms.js';
import { advance, block, useFakeClock } from '../../support/fake-clock.js';
import { reasonIn, signalIn } from './signal-and-reason.js';

useFakeClock();

/** How many of each have been made since the test began. */
const made = { controllers: 0, timers: 0, listeners: 0 };
const { AbortController: RealAbortController } = globalThis;

beforeEach(() => {
  Object.assign(made, { controllers: 0, timers: 0, listeners: 0 });
  globalThis.AbortController = class extends RealAbortController {
    constructor() {
      super();
      made.controllers++;
    }
  };
  const { setTimeout } = globalThis;
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((...args: Parameters<typeof setTimeout>) => {
    made.timers++;
    return setTimeout(...args);
  }) as typeof setTimeout);
  const { addEventListener } = EventTarget.prototype;
  jest.spyOn(EventTarget.prototype, 'addEventListener').mockImplementation(function (this: EventTarget, ...args) {
    made.listeners++;
    addEventListener.apply(this, args);
  });
});
afterEach(() => {
  globalThis.AbortController = RealAbortController;
});

const live = () => ({ timers: jest.getTimerCount(), alarms: pendingAlarms() });
const NONE = { timers: 0, alarms: 0 };

test('nothing exists until somebody asks for the signal', async () => {
  const propagator = new DeadlinePropagator({ reserve: 0.1 });
  const ask = (context: Context) => {
    remainingTime(context);
    getDeadline(context);
    reasonIn(context);
    propagator.inject(context, {}, defaultTextMapSetter);
    deleteDeadline(setDeadline(context, Deadline.after(10)));
  };
  const inbound = propagator.extract(ROOT_CONTEXT, { timebudget: '5000' }, defaultTextMapGetter);
  await withTimeout(
    1000,
    (a) =>
      withDeadline(
        new Date(Date.now() + 500),
        async (b) =>
          withCancel((c, cancel) => {
            for (const context of [inbound, a, b, c]) ask(context);
            cancel();
            detach(ask, c);
            block(2000);
            for (const context of [inbound, a, b, c]) ask(context);
          }, b),
        a,
      ),
    inbound,
  );
  expect(made).toEqual({ controllers: 0, timers: 0, listeners: 0 });
  expect(live()).toEqual(NONE);
});

test('the signal costs one controller and a share in one timer, however often it is asked for and however deep', () => {
  withTimeout(1000, (a) =>
    withTimeout(
      500,
      (b) =>
        withTimeout(
          800,
          (c) => {
            for (let i = 0; i < 10; i++) signalIn(c);
            expect(made).toMatchObject({ controllers: 1, listeners: 0 });
            expect(live().timers).toBe(1);
            signalIn(a).addEventListener('abort', () => {});
            expect(made).toMatchObject({ controllers: 2, listeners: 1 });
          },
          b,
        ),
      a,
    ),
  );
  expect(live()).toEqual(NONE);
});

test('one whose time is up needs no timer', () => {
  withTimeout(0, signalIn);
  expect(made).toEqual({ controllers: 1, timers: 0, listeners: 0 });
});

describe('nothing is left when the scope is over', () => {
  const ways: [string, (context: Context, cancel: () => void) => unknown][] = [
    ['returned', signalIn],
    [
      'threw',
      (context) => {
        signalIn(context);
        throw new Error('x');
      },
    ],
    [
      'resolved',
      async (context) => {
        signalIn(context);
        await null;
      },
    ],
    [
      'rejected',
      async (context) => {
        signalIn(context);
        await null;
        throw new Error('x');
      },
    ],
    [
      'was cancelled',
      async (context, cancel) => {
        signalIn(context);
        cancel();
        await null;
      },
    ],
    [
      'was exceeded',
      async (context) => {
        signalIn(context);
        advance(1000);
        await null;
      },
    ],
    [
      'left children behind',
      (context) => {
        for (const child of [1, 2, 3]) withTimeout(child, signalIn, context);
      },
    ],
  ];

  test.each(ways)('fn %s', async (_, fn) => {
    const signals: AbortSignal[] = [];
    const scoped = async () =>
      withCancel((outer, cancel) =>
        withTimeout(
          500,
          (context) => {
            signals.push(signalIn(outer), signalIn(context));
            return fn(context, cancel);
          },
          outer,
        ),
      );
    await scoped().catch(() => {});
    expect(live()).toEqual(NONE);
    for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('while the scope above lives on, through any number of children', () => {
    withTimeout(60_000, (outer) => {
      const signal = signalIn(outer);
      const before = live();
      for (let i = 0; i < 1000; i++) withTimeout(1000, signalIn, outer);
      expect(live()).toEqual(before);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });
  });

  test('while the scope above, whose signal nobody asked for, lives on', () => {
    withTimeout(60_000, (outer) => {
      for (let i = 0; i < 1000; i++) withTimeout(1000, signalIn, outer);
      expect(live()).toEqual(NONE);
    });
  });
});

test('a deadline that nobody completes takes its alarm with it when it passes', () => {
  const contexts = [100, 200, 300].map((ms) => setDeadline(ROOT_CONTEXT, Deadline.after(ms)));
  for (const context of contexts) abortSignal(context);
  expect(live()).toEqual({ timers: 1, alarms: 3 });
  advance(300);
  expect(live()).toEqual(NONE);
});

test('cancel takes the alarms of all below with it at once', async () => {
  await withCancel((outer, cancel) => {
    const pending = [100, 200, 300].map((ms) =>
      withTimeout(
        ms,
        (context) => new Promise<void>((resolve) => signalIn(context).addEventListener('abort', () => resolve())),
        outer,
      ),
    );
    expect(live()).toEqual({ timers: 1, alarms: 3 });
    cancel();
    expect(live()).toEqual(NONE);
    return Promise.all(pending);
  });
});

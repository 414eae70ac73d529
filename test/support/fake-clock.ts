import { pendingAlarms } from '../../src/time/alarms.js';

/**
 * Each test of the file runs on a clock that only {@link advance} moves, and fails when it leaves a timer or an alarm
 * behind.
 */
export function useFakeClock(): void {
  beforeEach(startFakeClock);
  afterEach(() => {
    const left = { timers: jest.getTimerCount(), alarms: pendingAlarms() };
    stopFakeClock();
    expect(left).toEqual({ timers: 0, alarms: 0 });
  });
}

/** Only time is faked: promises and Node's own queues go on by themselves. */
export function startFakeClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate'] });
}

/** Back to real time. What a failed test has left is rung first, or it would ring in the next one. */
export function stopFakeClock(): void {
  for (let i = 0; i < 100 && pendingAlarms() > 0; i++) jest.runOnlyPendingTimers();
  jest.restoreAllMocks();
  blocked = 0;
  jest.useRealTimers();
}

/** Moves the clock, and fires what is due on the way. */
export function advance(ms: number): void {
  jest.advanceTimersByTime(ms);
}

/** Moves the clock as a blocked event loop sees it: the time has passed, and no timer has fired yet. */
export function block(ms: number): void {
  if (blocked === 0) {
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + blocked);
  }
  blocked += ms;
}

let blocked = 0;

import { AsyncLocalStorage } from 'node:async_hooks';
import { clearAlarm, pendingAlarms, setAlarm } from '../../src/time/alarms.js';
import { advance, block, startFakeClock, stopFakeClock, useFakeClock } from '../support/fake-clock.js';
import { RecordingAlarm } from '../support/recording-alarm.js';

describe('the one platform timer', () => {
  useFakeClock();

  test('serves any number of alarms, and goes with the last of them', () => {
    const alarms = Array.from({ length: 100 }, (_, i) => RecordingAlarm.in(1000 - i));
    for (const alarm of alarms) {
      setAlarm(alarm);
      expect(jest.getTimerCount()).toBe(1);
    }
    for (const [index, alarm] of alarms.entries()) {
      expect(jest.getTimerCount()).toBe(1);
      clearAlarm(alarm);
      expect(pendingAlarms()).toBe(alarms.length - 1 - index);
    }
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is none once the last alarm has rung', () => {
    setAlarm(RecordingAlarm.in(10));
    setAlarm(RecordingAlarm.in(20));
    advance(20);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is moved for an earlier alarm', () => {
    const late = RecordingAlarm.in(1000);
    const early = RecordingAlarm.in(10);
    setAlarm(late);
    setAlarm(early);
    expect(jest.getTimerCount()).toBe(1);
    advance(10);
    expect(early.rangAt).toHaveLength(1);
    clearAlarm(late);
  });

  test.each([1000, 1000.5])('is left alone by alarms that are due later than the first, in %d ms', (first) => {
    const setTimeout = jest.spyOn(globalThis, 'setTimeout');
    const alarms = [first, 2000, 3000, 4000].map((ms) => RecordingAlarm.in(ms));
    for (const alarm of alarms) setAlarm(alarm);
    expect(setTimeout).toHaveBeenCalledTimes(1);
    for (const alarm of alarms) clearAlarm(alarm);
  });

  test('is made again when it was lost', () => {
    const lost = RecordingAlarm.in(10);
    setAlarm(lost);
    jest.clearAllTimers();
    block(20);
    const next = RecordingAlarm.in(10);
    setAlarm(next);
    advance(10);
    expect([lost.rangAt.length, next.rangAt.length]).toEqual([1, 1]);
  });
});

describe('on real timers', () => {
  test('alarms ring outside of every request, whoever set them', async () => {
    const requests = new AsyncLocalStorage<string>();
    const ring = (request: string, ms: number) =>
      new Promise((resolve) => {
        requests.run(request, () => setAlarm(RecordingAlarm.in(ms, () => resolve(requests.getStore()))));
      });
    const stores = await Promise.all([ring('first request', 5), ring('second request', 8), ring('third request', 2)]);
    expect(stores).toEqual([undefined, undefined, undefined]);
    expect(pendingAlarms()).toBe(0);
  });
});

describe('a test runner that exchanges the clock', () => {
  afterEach(stopFakeClock);

  test('real, then fake: alarms ring on the fake one', () => {
    const real = RecordingAlarm.in(60_000);
    setAlarm(real);
    startFakeClock();
    const fake = RecordingAlarm.in(10);
    setAlarm(fake);
    advance(10);
    expect(fake.rangAt).toHaveLength(1);
    clearAlarm(real);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('fake, then real: alarms ring on the real one', async () => {
    startFakeClock();
    const fake = RecordingAlarm.in(1e12);
    setAlarm(fake);
    jest.useRealTimers();
    await new Promise<void>((resolve) => setAlarm(RecordingAlarm.in(5, resolve)));
    clearAlarm(fake);
    expect(pendingAlarms()).toBe(0);
  });

  test('fake, then another fake: alarms ring on the other one, those that were set before as well', () => {
    startFakeClock();
    const first = RecordingAlarm.in(50);
    setAlarm(first);
    startFakeClock();
    const second = RecordingAlarm.in(100);
    setAlarm(second);
    advance(100);
    expect([first.rangAt, second.rangAt]).toEqual([[50], [100]]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('alarms that nobody is left to hear', () => {
  useFakeClock();

  class UnreachableAlarm extends RecordingAlarm {
    override clearIfUnreachable(): void {
      super.clearIfUnreachable();
      clearAlarm(this);
    }
  }

  test('are cleared before the heap grows far beyond the live ones', () => {
    const live = Array.from({ length: 500 }, () => RecordingAlarm.in(1000));
    for (const alarm of live) setAlarm(alarm);
    const abandoned: RecordingAlarm[] = [];
    let most = 0;
    for (let i = 0; i < 20_000; i++) {
      const alarm = new UnreachableAlarm(performance.now() + 1 + (i % 2000));
      abandoned.push(alarm);
      setAlarm(alarm);
      most = Math.max(most, pendingAlarms());
    }
    expect(most).toBeLessThanOrEqual(1024);
    advance(2000);
    expect(live.filter((alarm) => alarm.rangAt.length === 1)).toHaveLength(live.length);
    expect(abandoned.filter((alarm) => alarm.rangAt.length > 0).length).toBeLessThan(1024);
  });

  test('are searched for at a constant cost for each alarm that is set', () => {
    const alarms = Array.from({ length: 20_000 }, () => RecordingAlarm.in(1000));
    for (const alarm of alarms) setAlarm(alarm);
    const searched = alarms.reduce((sum, alarm) => sum + alarm.searched, 0);
    expect(searched).toBeGreaterThan(0);
    expect(searched).toBeLessThan(2 * alarms.length);
    advance(1000);
  });
});

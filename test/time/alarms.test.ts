import { clearAlarm, pendingAlarms, setAlarm } from '../../src/time/alarms.js';
import { Bell } from '../support/bell.js';
import { advance, block, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

function setBell(ms: number, whenRung?: () => void): Bell {
  const bell = Bell.in(ms, whenRung);
  setAlarm(bell);
  return bell;
}

describe('when it rings', () => {
  const CLAMP = 2 ** 31 - 1;

  test.each([0, 0.25, 1, 1.5, 10.75, 1000, 86_400_000, CLAMP, CLAMP + 1, CLAMP + 1.5, 2 ** 32 + 5, 2 ** 33])(
    'never early and at most 1 ms late: %d ms',
    (ms) => {
      const bell = setBell(ms);
      if (ms > 1) advance(Math.ceil(ms) - 1);
      expect(bell.rangAt).toEqual([]);
      advance(2);
      expect(bell.rangAt).toHaveLength(1);
      const [rangAt = Number.NaN] = bell.rangAt;
      expect(rangAt).toBeGreaterThanOrEqual(bell.due);
      expect(rangAt - bell.due).toBeLessThanOrEqual(1);
    },
  );

  test('no delay is longer than what timers take', () => {
    const setTimeout = jest.spyOn(globalThis, 'setTimeout');
    setBell(2 ** 33);
    advance(2 ** 33);
    expect(setTimeout.mock.calls.length).toBeGreaterThan(1);
    for (const [, delay] of setTimeout.mock.calls) expect(delay).toBeLessThanOrEqual(CLAMP);
  });

  test('in the order of the instants, in whichever order they were set', () => {
    const rung: number[] = [];
    for (const ms of [50, 10, 40, 10, 90, 20, 70, 30, 60, 80]) setBell(ms, () => rung.push(ms));
    advance(100);
    expect(rung).toEqual([10, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  test('once', () => {
    const bell = setBell(10);
    advance(1000);
    expect(bell.rangAt).toHaveLength(1);
  });

  test('all that are due, when the event loop was blocked', () => {
    const bells = [setBell(10), setBell(20), setBell(30)];
    const late = setBell(500);
    block(100);
    advance(10);
    expect(bells.map((bell) => bell.rangAt.length)).toEqual([1, 1, 1]);
    expect(late.rangAt).toEqual([]);
    clearAlarm(late);
  });
});

describe('clearing', () => {
  test('a cleared alarm does not ring, and the others do', () => {
    const bells = [10, 20, 30, 40, 50].map((ms) => setBell(ms));
    for (const index of [0, 2, 4]) clearAlarm(bells[index] as Bell);
    advance(100);
    expect(bells.map((bell) => bell.rangAt.length)).toEqual([0, 1, 0, 1, 0]);
  });

  test('the order stays right, wherever in the heap the gap is', () => {
    const instants = [1, 10, 2, 11, 12, 3, 4, 21, 22, 23, 24, 5, 6];
    for (const [gap] of instants.entries()) {
      const bells = instants.map((ms) => setBell(ms));
      const [cleared] = bells.splice(gap, 1);
      if (cleared !== undefined) clearAlarm(cleared);
      advance(30);
      expect(bells.map((bell) => bell.rangAt)).toEqual(bells.map((bell) => [bell.due]));
    }
  });

  test('does nothing to one that was never set, has rung or is cleared already', () => {
    const other = setBell(100);
    const rung = setBell(10);
    advance(10);
    const cleared = setBell(50);
    clearAlarm(cleared);
    for (const bell of [Bell.in(5), rung, cleared]) clearAlarm(bell);
    expect(pendingAlarms()).toBe(1);
    advance(90);
    expect(other.rangAt).toHaveLength(1);
  });

  test('a cleared alarm can be set again', () => {
    const bell = setBell(10);
    clearAlarm(bell);
    setAlarm(bell);
    advance(10);
    expect(bell.rangAt).toHaveLength(1);
  });
});

describe('from within a ring', () => {
  test('an alarm that is set rings in its turn, at once when it is due', () => {
    const later = Bell.in(25);
    const due = Bell.in(5);
    setBell(10, () => {
      setAlarm(later);
      setAlarm(due);
    });
    advance(10);
    expect(due.rangAt).toHaveLength(1);
    advance(15);
    expect(later.rangAt).toHaveLength(1);
  });

  test('an alarm that is cleared does not ring, though it is due at the same instant', () => {
    const bells: Bell[] = [];
    const clearOthers = () => {
      for (const bell of bells) clearAlarm(bell);
    };
    bells.push(setBell(10, clearOthers), setBell(10, clearOthers), setBell(10, clearOthers));
    advance(10);
    expect(bells.flatMap((bell) => bell.rangAt)).toHaveLength(1);
  });

  test('one that throws does not keep the others from ringing, and what it throws is seen', () => {
    setBell(10, () => {
      throw new Error('a broken ring');
    });
    const [same, later] = [setBell(10), setBell(20)];
    expect(() => advance(10)).toThrow('a broken ring');
    advance(20);
    expect([same.rangAt.length, later.rangAt.length]).toEqual([1, 1]);
  });
});

import { clearAlarm, pendingAlarms, setAlarm } from '../../src/time/alarms.js';
import { advance, block, useFakeClock } from '../support/fake-clock.js';
import { RecordingAlarm } from '../support/recording-alarm.js';

useFakeClock();

function startAlarm(ms: number, whenRung?: () => void): RecordingAlarm {
  const alarm = RecordingAlarm.in(ms, whenRung);
  setAlarm(alarm);
  return alarm;
}

describe('when it rings', () => {
  const CLAMP = 2 ** 31 - 1;

  test.each([0, 0.25, 1, 1.5, 10.75, 1000, 86_400_000, CLAMP, CLAMP + 1, CLAMP + 1.5, 2 ** 32 + 5, 2 ** 33])(
    'never early and at most 1 ms late: %d ms',
    (ms) => {
      const alarm = startAlarm(ms);
      if (ms > 1) advance(Math.ceil(ms) - 1);
      expect(alarm.rangAt).toEqual([]);
      advance(2);
      expect(alarm.rangAt).toHaveLength(1);
      const [rangAt = Number.NaN] = alarm.rangAt;
      expect(rangAt).toBeGreaterThanOrEqual(alarm.due);
      expect(rangAt - alarm.due).toBeLessThanOrEqual(1);
    },
  );

  test('no delay is longer than what timers take', () => {
    const setTimeout = jest.spyOn(globalThis, 'setTimeout');
    startAlarm(2 ** 33);
    advance(2 ** 33);
    expect(setTimeout.mock.calls.length).toBeGreaterThan(1);
    for (const [, delay] of setTimeout.mock.calls) expect(delay).toBeLessThanOrEqual(CLAMP);
  });

  test('in the order of the instants, in whichever order they were set', () => {
    const rung: number[] = [];
    for (const ms of [50, 10, 40, 10, 90, 20, 70, 30, 60, 80]) startAlarm(ms, () => rung.push(ms));
    advance(100);
    expect(rung).toEqual([10, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  test('once', () => {
    const alarm = startAlarm(10);
    advance(1000);
    expect(alarm.rangAt).toHaveLength(1);
  });

  test('all that are due, when the event loop was blocked', () => {
    const alarms = [startAlarm(10), startAlarm(20), startAlarm(30)];
    const late = startAlarm(500);
    block(100);
    advance(10);
    expect(alarms.map((alarm) => alarm.rangAt.length)).toEqual([1, 1, 1]);
    expect(late.rangAt).toEqual([]);
    clearAlarm(late);
  });
});

describe('clearing', () => {
  test('a cleared alarm does not ring, and the others do', () => {
    const alarms = [10, 20, 30, 40, 50].map((ms) => startAlarm(ms));
    for (const index of [0, 2, 4]) clearAlarm(alarms[index] as RecordingAlarm);
    advance(100);
    expect(alarms.map((alarm) => alarm.rangAt.length)).toEqual([0, 1, 0, 1, 0]);
  });

  test('the order stays right, wherever in the heap the gap is', () => {
    const instants = [1, 10, 2, 11, 12, 3, 4, 21, 22, 23, 24, 5, 6];
    for (const [gap] of instants.entries()) {
      const alarms = instants.map((ms) => startAlarm(ms));
      const [cleared] = alarms.splice(gap, 1);
      if (cleared !== undefined) clearAlarm(cleared);
      advance(30);
      expect(alarms.map((alarm) => alarm.rangAt)).toEqual(alarms.map((alarm) => [alarm.due]));
    }
  });

  test('does nothing to one that was never set, has rung or is cleared already', () => {
    const other = startAlarm(100);
    const rung = startAlarm(10);
    advance(10);
    const cleared = startAlarm(50);
    clearAlarm(cleared);
    for (const alarm of [RecordingAlarm.in(5), rung, cleared]) clearAlarm(alarm);
    expect(pendingAlarms()).toBe(1);
    advance(90);
    expect(other.rangAt).toHaveLength(1);
  });

  test('a cleared alarm can be set again', () => {
    const alarm = startAlarm(10);
    clearAlarm(alarm);
    setAlarm(alarm);
    advance(10);
    expect(alarm.rangAt).toHaveLength(1);
  });
});

describe('from within a ring', () => {
  test('an alarm that is set rings in its turn, at once when it is due', () => {
    const later = RecordingAlarm.in(25);
    const due = RecordingAlarm.in(5);
    startAlarm(10, () => {
      setAlarm(later);
      setAlarm(due);
    });
    advance(10);
    expect(due.rangAt).toHaveLength(1);
    advance(15);
    expect(later.rangAt).toHaveLength(1);
  });

  test('an alarm that is cleared does not ring, though it is due at the same instant', () => {
    const alarms: RecordingAlarm[] = [];
    const clearOthers = () => {
      for (const alarm of alarms) clearAlarm(alarm);
    };
    alarms.push(startAlarm(10, clearOthers), startAlarm(10, clearOthers), startAlarm(10, clearOthers));
    advance(10);
    expect(alarms.flatMap((alarm) => alarm.rangAt)).toHaveLength(1);
  });

  test('one that throws does not keep the others from ringing, and what it throws is seen', () => {
    startAlarm(10, () => {
      throw new Error('a broken ring');
    });
    const [same, later] = [startAlarm(10), startAlarm(20)];
    expect(() => advance(10)).toThrow('a broken ring');
    advance(20);
    expect([same.rangAt.length, later.rangAt.length]).toEqual([1, 1]);
  });
});

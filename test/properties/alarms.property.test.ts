import fc from 'fast-check';
import { clearAlarm, pendingAlarms, setAlarm } from '../../src/time/alarms.js';
import { advance, useFakeClock } from '../support/fake-clock.js';
import { RecordingAlarm } from '../support/recording-alarm.js';

useFakeClock();

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ set: fc.nat({ max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ clear: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ pass: fc.nat({ max: 40 }) }) },
);

test('whatever is set and cleared, each alarm rings at its instant, in order, and none that was cleared', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const rung: RecordingAlarm[] = [];
      const alarms: RecordingAlarm[] = [];
      const expected = new Set<RecordingAlarm>();
      const pass = (ms: number) => {
        rung.length = 0;
        advance(ms);
        const due = [...expected].filter((alarm) => alarm.due <= performance.now());
        for (const alarm of due) expected.delete(alarm);
        expect(new Set(rung)).toEqual(new Set(due));
        expect(rung.map((alarm) => alarm.due)).toEqual(due.map((alarm) => alarm.due).sort((a, b) => a - b));
        for (const alarm of rung) expect(alarm.rangAt).toEqual([alarm.due]);
      };
      for (const step of steps) {
        if ('set' in step) {
          // Those that are due at once ring a millisecond later: no timer is faster.
          const alarm: RecordingAlarm = RecordingAlarm.in(step.set + 1, () => rung.push(alarm));
          alarms.push(alarm);
          expected.add(alarm);
          setAlarm(alarm);
        } else if ('clear' in step) {
          const alarm = alarms[step.clear % alarms.length];
          if (alarm === undefined) continue;
          clearAlarm(alarm);
          expected.delete(alarm);
        } else {
          pass(step.pass);
        }
        expect(pendingAlarms()).toBe(expected.size);
        expect(jest.getTimerCount()).toBe(expected.size === 0 ? 0 : 1);
      }
      pass(200);
      expect(pendingAlarms()).toBe(0);
    }),
  );
});

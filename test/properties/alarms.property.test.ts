import fc from 'fast-check';
import { clearAlarm, pendingAlarms, setAlarm } from '../../src/time/alarms.js';
import { Bell } from '../support/bell.js';
import { advance, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ set: fc.nat({ max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ clear: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ pass: fc.nat({ max: 40 }) }) },
);

test('whatever is set and cleared, each alarm rings at its instant, in order, and none that was cleared', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const rung: Bell[] = [];
      const bells: Bell[] = [];
      const expected = new Set<Bell>();
      const pass = (ms: number) => {
        rung.length = 0;
        advance(ms);
        const due = [...expected].filter((bell) => bell.due <= performance.now());
        for (const bell of due) expected.delete(bell);
        expect(new Set(rung)).toEqual(new Set(due));
        expect(rung.map((bell) => bell.due)).toEqual(due.map((bell) => bell.due).sort((a, b) => a - b));
        for (const bell of rung) expect(bell.rangAt).toEqual([bell.due]);
      };
      for (const step of steps) {
        if ('set' in step) {
          // Those that are due at once ring a millisecond later: no timer is faster.
          const bell: Bell = Bell.in(step.set + 1, () => rung.push(bell));
          bells.push(bell);
          expected.add(bell);
          setAlarm(bell);
        } else if ('clear' in step) {
          const bell = bells[step.clear % bells.length];
          if (bell === undefined) continue;
          clearAlarm(bell);
          expected.delete(bell);
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

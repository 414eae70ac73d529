import { spawnSync } from 'node:child_process';
import { MAX_TIMER_DELAY, now } from '../../src/time/clock.js';
import { advance, useFakeClock } from '../support/fake-clock.js';

describe('on the real clock', () => {
  test('now is monotonic and finer than a millisecond', () => {
    const instants = Array.from({ length: 1000 }, () => now());
    expect(instants).toEqual([...instants].sort((a, b) => a - b));
    expect(instants.some((instant) => !Number.isInteger(instant))).toBe(true);
  });

  test('the wall clock does not move it', () => {
    const wallClock = jest.spyOn(Date, 'now').mockReturnValue(0);
    const before = now();
    expect(now() - before).toBeLessThan(1000);
    expect(wallClock).not.toHaveBeenCalled();
    wallClock.mockRestore();
  });

  test('the longest delay does not fire at once; 1 ms more does', () => {
    const program = `
      setTimeout(() => process.exit(1), ${MAX_TIMER_DELAY});
      setTimeout(() => process.exit(0), 100);
      setTimeout(() => console.log('fired'), ${MAX_TIMER_DELAY + 1});`;
    const { status, stdout } = spawnSync(process.execPath, ['--eval', program], { encoding: 'utf8', timeout: 10_000 });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'fired\n' });
  });
});

describe('on the fake clock of a test runner', () => {
  useFakeClock();

  test('now moves with it', () => {
    const before = now();
    advance(1234.5);
    expect(now() - before).toBe(1234.5);
  });
});

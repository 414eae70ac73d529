import type { DeadlineFormat, WallClock } from '../../../src/wire/formats/deadline-format.js';
import { wholeMs } from '../../../src/wire/number.js';

/** A wall clock that stands still. */
export function clockAt(epochMs: number): WallClock {
  return { now: () => epochMs };
}

const clock = clockAt(Date.UTC(2026, 0, 5, 10));

/** What is read from a field. */
export function parse(format: DeadlineFormat, text: string): number | null {
  return format.parse(text, clock);
}

/** What is sent when `ms` are left. */
export function send(format: DeadlineFormat, ms: number): string {
  return format.format(wholeMs(ms), clock);
}

import { checkDuration, kindOf, outOfRange, wrongType } from '../check-argument.js';
import { DeadlineExceededError } from '../errors.js';
import { IS_DEADLINE } from '../private-keys.js';
import { now } from '../time/clock.js';

/** The instant after which the caller no longer waits: a point on the monotonic clock. Immutable. */
export class Deadline {
  /** @internal When it passes, in ms on the monotonic clock; `Infinity`: never. */
  readonly due: number;
  /** The time that it gave when it was received or set, in ms, 0 or more. */
  readonly budget: number;
  /** Whether it came from the caller, over the wire, or was set in this process. */
  readonly inherited: boolean;

  private constructor(budget: number, inherited: boolean) {
    this.due = now() + budget;
    this.budget = budget;
    this.inherited = inherited;
  }

  /**
   * The deadline `ms` milliseconds from now, fractions included; 0 has passed already, `Infinity` never passes.
   *
   * @throws TypeError when `ms` is not a number, RangeError when it is negative or NaN
   */
  static after(ms: number): Deadline {
    checkDuration('Deadline.after', ms);
    return new Deadline(ms, false);
  }

  /**
   * The deadline at a wall-clock time: a `Date`, or ms since the epoch. The time is compared with `Date.now()` once,
   * here; later changes of the wall clock don't move the deadline. A time in the past, however old, has passed.
   *
   * @throws TypeError when `when` is neither, RangeError when it is NaN or an invalid `Date`
   */
  static at(when: number | Date): Deadline {
    const epochMs: unknown = isDate(when) ? when.getTime() : when;
    const expected = 'a Date or milliseconds since the epoch';
    if (typeof epochMs !== 'number') throw wrongType('Deadline.at', expected, when);
    if (Number.isNaN(epochMs)) throw outOfRange('Deadline.at', expected, epochMs);
    return new Deadline(Math.max(epochMs - Date.now(), 0), false);
  }

  /** @internal The deadline that a caller sent: `ms` milliseconds from now, 0 or more. */
  static fromCaller(ms: number): Deadline {
    return new Deadline(ms, true);
  }

  /** The ms left, fractional, never below 0; `Infinity` when it never passes. */
  remaining(): number {
    return Math.max(this.due - now(), 0);
  }

  /** Whether it has passed. */
  get exceeded(): boolean {
    return this.remaining() === 0;
  }

  /** @internal The ms that have passed since it was received or set. */
  get spent(): number {
    return now() - (this.due - this.budget);
  }

  /** @internal What a call fails with that this deadline has ended. A new one each time. */
  toError(): DeadlineExceededError {
    return new DeadlineExceededError(this);
  }

  /** @internal */
  get [IS_DEADLINE](): true {
    return true;
  }
}

/** The rule that a deadline only shrinks: the earlier of two, and `outer` when both pass at the same instant. */
export function earlier(outer: Deadline | undefined, inner: Deadline | undefined): Deadline | undefined {
  if (outer === undefined || inner === undefined) return outer ?? inner;
  return outer.due <= inner.due ? outer : inner;
}

/** Whether `value` is a {@link Deadline}, of this copy of the package or another one. */
export function isDeadline(value: unknown): value is Deadline {
  return Object(value)[IS_DEADLINE] === true;
}

/** Whether `value` is a `Date`, of this realm or another one. */
export function isDate(value: unknown): value is Date {
  return kindOf(value) === 'Date';
}

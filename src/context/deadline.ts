import { checkDuration, kindOf, outOfRange, wrongType } from '../check-argument.js';
import { DeadlineExceededError } from '../errors.js';
import { IS_DEADLINE } from '../private-keys.js';
import { now } from '../time/clock.js';

/** The instant after which the caller no longer waits: a point on the monotonic clock. Immutable. */
export class Deadline {
  /** @internal The instant at which the deadline passes, in ms on the monotonic clock; `Infinity`: never. */
  readonly due: number;
  /** The time from when the deadline was received or set until it passes, in ms, 0 or more. */
  readonly budget: number;
  /** `true`: the caller sent the deadline. `false`: code of this process set it. */
  readonly inherited: boolean;
  /** @internal `true`: the budget of a run of shared work. Its end is an error of all that wait for the run. */
  declare readonly forSharedWork?: boolean;

  private constructor(budget: number, inherited: boolean) {
    this.due = now() + budget;
    this.budget = budget;
    this.inherited = inherited;
  }

  /**
   * The deadline `ms` milliseconds from now. A deadline of 0 has passed already, one of `Infinity` never passes.
   *
   * @param ms 0 or more, fractions included
   * @throws TypeError when `ms` is not a number, RangeError when it is negative or NaN
   */
  static after(ms: number): Deadline {
    checkDuration('Deadline.after', ms);
    return new Deadline(ms, false);
  }

  /**
   * The deadline at a time on the wall clock. The time is compared with `Date.now()` once, in this call: later changes
   * of the wall clock don't move the deadline. A deadline at any time in the past has passed already.
   *
   * @param when a `Date`, or ms since the epoch
   * @throws TypeError when `when` is neither, RangeError when it is NaN or an invalid `Date`
   */
  static at(when: number | Date): Deadline {
    const epochMs: unknown = isDate(when) ? when.getTime() : when;
    const expected = 'a Date or ms since the epoch';
    if (typeof epochMs !== 'number') throw wrongType('Deadline.at', expected, when);
    if (Number.isNaN(epochMs)) throw outOfRange('Deadline.at', expected, epochMs);
    return new Deadline(Math.max(epochMs - Date.now(), 0), false);
  }

  /** @internal The deadline that a caller has sent: `ms` milliseconds from now, 0 or more. */
  static fromCaller(ms: number): Deadline {
    return new Deadline(ms, true);
  }

  /** @internal The budget of a run of shared work: `ms` milliseconds from now, 0 or more. */
  static forSharedWork(ms: number): Deadline {
    return Object.assign(new Deadline(ms, false), { forSharedWork: true });
  }

  /** The time left, in ms, with fractions: 0 when the deadline has passed, `Infinity` when it never passes. */
  remaining(): number {
    return Math.max(this.due - now(), 0);
  }

  /** Whether the deadline has passed. */
  get exceeded(): boolean {
    return this.remaining() === 0;
  }

  /** @internal The time since the deadline was received or set, in ms. */
  get spent(): number {
    return now() - (this.due - this.budget);
  }

  /** @internal A new error for work that this deadline has ended. */
  toError(): DeadlineExceededError {
    return new DeadlineExceededError(this);
  }

  /** @internal For {@link isDeadline}. */
  get [IS_DEADLINE](): true {
    return true;
  }
}

/** The rule that a deadline only shrinks: the earlier of two deadlines; `outer` when both pass at the same instant. */
export function earlier(outer: Deadline | undefined, inner: Deadline | undefined): Deadline | undefined {
  if (outer === undefined || (inner !== undefined && inner.due < outer.due)) return inner;
  return outer;
}

/** Whether `value` is a {@link Deadline}, made by this copy of the package or by another one. */
export function isDeadline(value: unknown): value is Deadline {
  return Object(value)[IS_DEADLINE] === true;
}

/** Whether `value` is a `Date`, made in this realm or in another one. */
export function isDate(value: unknown): value is Date {
  return kindOf(value) === 'Date';
}

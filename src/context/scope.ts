import { now } from '../clock.js';
import { CallCancelledError, isEndReason } from '../errors.js';
import type { Deadline } from './deadline.js';
import type { Ending, Watch } from './scope-observer.js';

/**
 * - `free`: nobody says when the work is done (an extracted deadline, `setDeadline`); so nothing outside may keep the
 *   scope alive
 * - `owned`: whoever made it calls `complete`
 * - `completed`: it binds nobody
 */
type Lifecycle = 'free' | 'owned' | 'completed';

/**
 * The work done for one caller: a deadline, a cancellation, or both. Scopes form a tree; what ends a scope ends its
 * descendants.
 *
 * A scope is a plain value: whether it has ended is found out by looking up the tree. Only when somebody observes it
 * does it get a watch, which waits for the deadline and for the parent (scope-watch.ts).
 */
export class Scope {
  private lifecycle: Lifecycle;
  private ending: Ending | undefined = undefined;
  watch: Watch | undefined = undefined;

  /** @param deadline its own; those of its ancestors bind it as well */
  constructor(
    readonly parent: Scope | undefined,
    readonly deadline: Deadline | undefined,
    lifecycle: 'free' | 'owned',
  ) {
    this.lifecycle = lifecycle;
  }

  /** This scope or its nearest ancestor that has not completed. */
  live(): Scope | undefined {
    return this.lifecycle === 'completed' ? this.parent?.live() : this;
  }

  /** The deadline that binds: the earliest of its own and those of its ancestors. */
  effectiveDeadline(): Deadline | undefined {
    const outer = this.parent?.effectiveDeadline();
    const own = this.lifecycle === 'completed' ? undefined : this.deadline;
    if (own === undefined) return outer;
    return outer !== undefined && outer.due <= own.due ? outer : own;
  }

  /** The ms left at `instant`: 0 when it has ended, `Infinity` when there is no deadline. */
  remaining(instant: number = now()): number {
    const outer = this.parent === undefined ? Number.POSITIVE_INFINITY : this.parent.remaining(instant);
    if (this.lifecycle === 'completed') return outer;
    if (this.ending !== undefined) return 0;
    return this.deadline === undefined ? outer : Math.min(outer, Math.max(this.deadline.due - instant, 0));
  }

  /** How it ended; `undefined` while it has not. What happened first counts, and the answer never changes. */
  ended(instant: number = now()): Ending | undefined {
    if (this.lifecycle === 'completed') return this.parent?.ended(instant);
    if (this.ending === undefined) {
      const outer = this.parent?.ended(instant);
      const { deadline } = this;
      const expired = deadline !== undefined && deadline.due <= instant;
      const first = expired && !(outer !== undefined && outer.instant <= deadline.due);
      this.ending = first ? { reason: deadline.toError(), instant: deadline.due } : outer;
    }
    return this.ending;
  }

  /**
   * Ends it, unless it has ended or completed, and tells whoever waits. The reason is `cause` when that says already
   * how a scope ended, else a `CallCancelledError` that keeps it.
   */
  cancel(cause?: unknown): void {
    if (this.lifecycle === 'completed') return;
    if (this.ended() === undefined) {
      const options = cause === undefined ? undefined : { cause };
      const reason = isEndReason(cause) ? cause : new CallCancelledError(undefined, options);
      this.ending = { reason, instant: now() };
    }
    this.watch?.announce();
  }

  /**
   * Makes it inert: what it registered is gone, and signals that were handed out never abort.
   *
   * @param answered whether the caller of the whole request has its answer; else calls in flight keep their deadline
   */
  complete(answered = false): void {
    this.lifecycle = 'completed';
    const { watch } = this;
    this.watch = undefined;
    watch?.complete(answered);
  }

  /** Whether somebody will call `complete`, so that what waits for its end may keep the scope alive. */
  get owned(): boolean {
    return this.lifecycle === 'owned';
  }
}

import { CallCancelledError, isEndReason } from '../../errors.js';
import { NEVER, now } from '../../time/clock.js';
import { type Deadline, earlier } from '../deadline.js';
import type { Ending, Watch } from './observer.js';

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
  private above: Scope | undefined;
  private lifecycle: Lifecycle;
  private ending: Ending | undefined = undefined;
  /** How the first of those above ended that had ended and have completed since. */
  private endingAbove: Ending | undefined = undefined;
  watch: Watch | undefined = undefined;

  /** @param deadline its own; those of its ancestors bind it as well */
  constructor(
    parent: Scope | undefined,
    readonly deadline: Deadline | undefined,
    lifecycle: Lifecycle,
  ) {
    this.above = parent;
    this.lifecycle = lifecycle;
  }

  /** The nearest scope above that has not completed. */
  get parent(): Scope | undefined {
    // Completed ones are let go: work that starts its successor before it settles would make an endless chain of them.
    while (this.above?.lifecycle === 'completed') {
      // How they ended before they completed still counts for who was live then.
      this.endingAbove ??= this.above.ending ?? this.above.endingAbove;
      this.above = this.above.above;
    }
    return this.above;
  }

  /** This scope or its nearest ancestor that has not completed. */
  live(): Scope | undefined {
    const { parent } = this;
    return this.lifecycle === 'completed' ? parent : this;
  }

  /** The deadline that binds: the earliest of its own and those of its ancestors. */
  effectiveDeadline(): Deadline | undefined {
    let earliest: Deadline | undefined;
    for (let scope = this.live(); scope !== undefined; scope = scope.parent) {
      earliest = earlier(scope.deadline, earliest);
    }
    return earliest;
  }

  /** The ms left at `instant`: 0 when it has ended, `Infinity` when there is no deadline. */
  remaining(instant: number = now()): number {
    if (this.ended(instant) !== undefined) return 0;
    const due = this.effectiveDeadline()?.due ?? NEVER;
    return due - instant;
  }

  /** How it ended; `undefined` while it has not. What happened first counts, and the answer never changes. */
  ended(instant: number = now()): Ending | undefined {
    if (this.ending !== undefined && this.lifecycle !== 'completed') return this.ending;
    let scope = this.live();
    // Most have none above, and are asked several times for each request: not worth an array.
    if (scope?.parent === undefined) return scope?.settle(undefined, instant);
    // From the outermost inwards, without recursion: scopes may be nested as deeply as a program likes.
    const path: Scope[] = [];
    for (; scope; scope = scope.parent) path.push(scope);
    return path.reduceRight<Ending | undefined>((outer, inner) => inner.settle(outer, instant), undefined);
  }

  /** As {@link ended}; of a scope that has completed, how it had ended before. */
  outcome(): Ending | undefined {
    return this.ending ?? this.ended();
  }

  /** Finds out how it has ended, given how the scopes above have. */
  private settle(above: Ending | undefined, instant: number): Ending | undefined {
    if (this.ending === undefined) {
      const outer = this.endingAbove ?? above;
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
   * Completes the scope when its work is done: its timers and listeners are removed, and signals that were handed out
   * never abort. Calls in flight keep their deadline, because a response body may still be arriving.
   *
   * Two callers complete scopes: `withTimeout`, `withDeadline` and `withCancel` (with-scope.ts) when their function has
   * settled, and the servers of src/instrumentation, which call {@link completeAnswered} when a request has been
   * answered. Nothing completes an extracted deadline or one set by `setDeadline` unless a server adopts it.
   */
  complete(): void {
    // Found out now, or the scopes below would never know.
    this.ended();
    this.lifecycle = 'completed';
    const { watch } = this;
    this.watch = undefined;
    watch?.complete();
  }

  /** Completes the scope of a request that has been answered: the calls in flight that were made for it are released. */
  completeAnswered(): void {
    this.watch?.requestAnswered();
    this.complete();
  }

  /** Whether somebody will call `complete`, so that what waits for its end may keep the scope alive. */
  get owned(): boolean {
    return this.lifecycle === 'owned';
  }
}

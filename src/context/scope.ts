import { now } from '../clock.js';
import { CallCancelledError, isEndReason } from '../errors.js';
import type { Deadline } from './deadline.js';
import type { Ending, ScopeObserver, WatchedScope } from './scope-observer.js';
import { ScopeWatch } from './scope-watch.js';

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
 * A scope is a plain value until somebody observes it: whether it has ended is found out by looking up the tree. Only
 * then does a {@link ScopeWatch} wait for the deadline and for the parent.
 */
export class Scope implements WatchedScope {
  private lifecycle: Lifecycle;
  private ending: Ending | undefined = undefined;
  private watch: ScopeWatch | undefined = undefined;

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
   * Ends it, unless it has ended or completed, and tells the observers. The reason is `cause` when that says already
   * how a scope ended, else a `CallCancelledError` that keeps it.
   */
  cancel(cause?: unknown): void {
    if (this.lifecycle === 'completed') return;
    if (this.ended() === undefined) {
      const options = cause === undefined ? undefined : { cause };
      const reason = isEndReason(cause) ? cause : new CallCancelledError(undefined, options);
      this.ending = { reason, instant: now() };
    }
    this.announce();
  }

  /** Makes it inert: what it registered is gone, and signals that were handed out never abort. */
  complete(): void {
    this.lifecycle = 'completed';
    const { watch } = this;
    this.watch = undefined;
    watch?.close();
    for (const observer of watch?.takeObservers() ?? []) observer.scopeCompleted();
  }

  /** Tells `observer` what becomes of this scope, which must be live; at once when it has ended. */
  observe(observer: ScopeObserver): void {
    this.watch ??= new ScopeWatch(this);
    this.watch.add(observer);
    this.attend();
  }

  unobserve(observer: ScopeObserver): void {
    this.watch?.delete(observer);
    if (this.watch?.idle) {
      this.watch.close();
      this.watch = undefined;
    }
  }

  /** The `AbortSignal` of this scope, which must be live; the same one each time. */
  signal(): AbortSignal {
    this.watch ??= new ScopeWatch(this);
    const signal = this.watch.signal();
    this.attend();
    return signal;
  }

  announce(): void {
    const ending = this.ended();
    const { watch } = this;
    if (ending === undefined || watch === undefined) return;
    watch.close();
    const observers = watch.takeObservers();
    watch.abort(ending.reason);
    for (const observer of observers) observer.scopeEnded(ending);
  }

  get owned(): boolean {
    return this.lifecycle === 'owned';
  }

  private attend(): void {
    if (this.ended() === undefined) this.watch?.open();
    else this.announce();
  }
}

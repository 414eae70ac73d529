import { CallCancelledError, isEndReason } from '../../errors.js';
import { NEVER, now } from '../../time/clock.js';
import { type Deadline, earlier } from '../deadline.js';
import type { Ending, Watch } from './observer.js';
import { endOf, type Origin, originOf } from './origin.js';

/**
 * - `free`: no code will call `complete` (an extracted deadline, `setDeadline`), so timers must not keep the scope
 *   alive
 * - `owned`: the code that made the scope calls `complete`
 * - `completed`: the scope binds no work any more
 */
export type Lifecycle = 'free' | 'owned' | 'completed';

/**
 * For how long, in ms, the ended scope of a request binds where nothing reports that its handler is done. A library may
 * run its callbacks in the context of the request that once opened a connection. Such callbacks must not fail for ever
 * because that request has ended; code of the request that looks at its context sooner is still stopped.
 */
export const LINGER = 30_000;

/** The handler of a request. */
export interface Handler {
  /** Waits for the promises of the handler, so that the scope completes with them. Returns whether one is pending. */
  awaitSettled(): boolean;
}

/** The handler of a request whose work is done. */
const DONE: Handler = { awaitSettled: () => false };

/**
 * The work done for one caller: a deadline, a cancellation, or both. Scopes form a tree; when a scope ends, its
 * descendants end as well.
 *
 * A scope is a plain value: `ended` looks up the tree to find out whether the scope has ended. A scope gets a watch,
 * which waits for the deadline and for the parent, only when an observer or a signal needs it (watch.ts).
 */
export class Scope {
  private above: Scope | undefined;
  private lifecycle: Lifecycle;
  private ending: Ending | undefined = undefined;
  /** The ending of a completed scope above that had ended before it completed; of several, the nearest. */
  private endingAbove: Ending | undefined = undefined;
  watch: Watch | undefined = undefined;
  /** Set on the scope of a request, which completes by itself some time after its end. */
  handler: Handler | undefined = undefined;
  /** Observe mode: when the caller has gone away, on the clock of `now()`. The scope goes on all the same. */
  observedCancel: number | undefined = undefined;

  /** The origin of its errors; absent until it is needed. See {@link originOf}. */
  declare origin: Origin | undefined;

  /** @param deadline the scope's own; the deadlines of its ancestors bind the scope as well */
  constructor(
    parent: Scope | undefined,
    public deadline: Deadline | undefined,
    lifecycle: Lifecycle,
  ) {
    this.above = parent;
    this.lifecycle = lifecycle;
  }

  /** The nearest scope above that has not completed. */
  get parent(): Scope | undefined {
    // Completed scopes are dropped: work that starts its successor before it settles would make an endless chain.
    while (this.above?.hasCompleted()) {
      // The work of an ended request is done: a deadline that was set in its context binds nothing any more.
      if (this.lifecycle === 'free' && this.above.handler !== undefined && this.above.hasEnded) this.markCompleted();
      // What goes on for a request after its answer is still that request's.
      if (this.above.handler !== undefined || this.above.origin !== undefined) this.origin ??= originOf(this.above);
      // A scope that ended before it completed has ended the scopes below that were live at that time.
      this.endingAbove ??= this.above.ending ?? this.above.endingAbove;
      this.above = this.above.above;
    }
    return this.above;
  }

  /** This scope or its nearest ancestor that has not completed. */
  live(): Scope | undefined {
    return this.hasCompleted() ? this.parent : this;
  }

  /** Whether `outer` is this scope, or one above. */
  isWithin(outer: Scope): boolean {
    let scope: Scope | undefined = this;
    while (scope !== undefined && scope !== outer) scope = scope.parent;
    return scope !== undefined;
  }

  /** The deadline that binds the scope: the earliest of its own and those of its ancestors. */
  effectiveDeadline(): Deadline | undefined {
    let earliest: Deadline | undefined;
    for (let scope = this.live(); scope !== undefined; scope = scope.parent) {
      earliest = earlier(scope.deadline, earliest);
    }
    return earliest;
  }

  /** The time left at `instant`, in ms: 0 when the scope has ended, `Infinity` when there is no deadline. */
  remaining(instant: number = now()): number {
    const { deadline } = this;
    if (deadline !== undefined && this.standsAlone && deadline.due > instant) return deadline.due - instant;
    if (this.ended(instant) !== undefined) return 0;
    return (this.effectiveDeadline()?.due ?? NEVER) - instant;
  }

  /** How the scope ended; `undefined` while it has not. The first cause counts, and the result never changes. */
  ended(instant: number = now()): Ending | undefined {
    if (this.ending !== undefined && !this.hasCompleted()) return this.ending;
    let scope = this.live();
    // Most scopes have no parent, and this runs several times for each request: no array for them.
    if (scope?.parent === undefined) {
      const ending = scope?.settle(undefined, instant);
      // The deadline may have passed long before the first look.
      return ending === undefined || scope?.hasCompleted() ? undefined : ending;
    }
    // From the outermost scope inwards, without recursion: a program may nest scopes to any depth.
    const path: Scope[] = [];
    for (; scope; scope = scope.parent) path.push(scope);
    return path.reduceRight<Ending | undefined>((outer, inner) => {
      const ending = inner.settle(outer, instant);
      return ending === undefined || inner.hasCompleted() ? undefined : ending;
    }, undefined);
  }

  /** How the scope ended, also when it has completed since; `undefined` when it has not ended. */
  outcome(): Ending | undefined {
    return this.ending ?? this.ended();
  }

  /** Stores and returns how this scope has ended by `instant`, given how the scopes above have ended. */
  private settle(above: Ending | undefined, instant: number): Ending | undefined {
    if (this.ending === undefined) {
      const outer = this.endingAbove ?? above;
      const { deadline } = this;
      const expired = deadline !== undefined && deadline.due <= instant;
      const first = expired && !(outer !== undefined && outer.instant <= deadline.due);
      this.ending = first ? { reason: endOf(this, deadline.toError()), instant: deadline.due } : outer;
    }
    return this.ending;
  }

  /**
   * Ends the scope, unless it has ended or completed, and notifies its observers.
   *
   * @param cause why; becomes the reason itself when it is an error of this package, else the `cause` of a new
   *   `CallCancelledError`
   */
  cancel(cause?: unknown): void {
    if (this.lifecycle === 'completed') return;
    if (this.ended() === undefined) {
      const options = cause === undefined ? undefined : { cause };
      const reason = isEndReason(cause) ? cause : new CallCancelledError(undefined, options);
      this.ending = { reason: endOf(this, reason), instant: now() };
    }
    this.watch?.announce();
  }

  /**
   * Completes the scope when its work is done: its timers and listeners are removed, and signals that were handed out
   * never abort. Calls in flight keep their deadline, because a response body may still be arriving.
   *
   * Who completes scopes: `withTimeout`, `withDeadline` and `withCancel` (with-scope.ts) when their function has settled;
   * `ServedRequest` (src/instrumentation/inbound), which calls {@link completeAnswered} when a request has been answered
   * or its handler is done; and the scope of a request itself, {@link LINGER} ms after its end. Nothing completes an
   * extracted deadline or one set by `setDeadline` unless a server adopts it.
   */
  complete(): void {
    // Settled now: the scopes below can't find out later whether this scope had ended.
    this.ended();
    this.markCompleted();
  }

  /**
   * Completes the scope of a request that has been answered: the calls in flight that were made for it are released.
   */
  completeAnswered(): void {
    this.watch?.requestAnswered();
    this.complete();
  }

  private markCompleted(): void {
    this.lifecycle = 'completed';
    if (this.handler !== undefined) {
      if (this.origin !== undefined) this.origin.waits = false;
      // A connection that is kept open keeps the context of its last request, and must not keep the request itself.
      this.handler = DONE;
    }
    const { watch } = this;
    this.watch = undefined;
    watch?.complete();
  }

  /** Whether the scope has completed. The ended scope of a request completes here, once it has lingered long enough. */
  private hasCompleted(): boolean {
    if (this.standsAlone) return false;
    if (this.lifecycle === 'completed') return true;
    // Looks at the scopes above, which may complete this one.
    if (this.lifecycle === 'free' && this.above !== undefined) void this.parent;
    const { handler } = this;
    const end = this.ending?.instant ?? this.observedCancel;
    if (end !== undefined && handler !== undefined && now() - end >= LINGER && !handler.awaitSettled()) {
      this.markCompleted();
    }
    return this.isCompleted;
  }

  /** Nearly always: the scope is live, has not been found to have ended, and is below no other. */
  private get standsAlone(): boolean {
    const { lifecycle, ending, above, observedCancel } = this;
    return lifecycle !== 'completed' && ending === undefined && above === undefined && observedCancel === undefined;
  }

  private get isCompleted(): boolean {
    return this.lifecycle === 'completed';
  }

  private get hasEnded(): boolean {
    return this.ending !== undefined || this.observedCancel !== undefined;
  }

  /** Gives the scope an earlier deadline, if `deadline` is one. Only before anything waits for the scope's end. */
  narrow(deadline: Deadline): void {
    if (this.watch === undefined) this.deadline = earlier(this.deadline, deadline);
  }

  /** Whether the code that made the scope will call `complete`. Only then may timers keep the scope alive. */
  get owned(): boolean {
    return this.lifecycle === 'owned';
  }
}

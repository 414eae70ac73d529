import type { EndReason } from '../../errors.js';

/** How a scope ended: the first cause, and when. */
export interface Ending {
  readonly reason: EndReason;
  /** On the clock of `now()`. */
  readonly instant: number;
}

/** Notified when a scope ends or completes. */
export interface ScopeObserver {
  /** The deadline has passed or the caller has gone away. Called once; no other method is called after it. */
  scopeEnded(ending: Ending): void;
  /** Observe mode: the caller has gone away. The scope goes on. */
  observeCancel?(): void;
  /** The scope has completed. The scope above it, if there is one, binds from now on. */
  scopeCompleted(): void;
  /** The request that the scope belongs to has been answered: calls in flight are released. */
  requestAnswered?(): void;
}

/**
 * What waits for a scope to end: its observers and its `AbortSignal`. It exists only while there is one of them.
 *
 * An interface, because another copy of this package may have made the watch that a scope has.
 */
export interface Watch {
  /** Adds an observer. An observer of a scope that has ended already is notified at once. */
  observe(observer: ScopeObserver): void;
  /** Removes an observer. */
  unobserve(observer: ScopeObserver): void;
  /** The signal of the scope: the same one each time. */
  signal(): AbortSignal;
  /** Notifies the observers and aborts the signal, if the scope has ended. */
  announce(): void;
  /** Notifies the observers that the caller has gone away in observe mode. */
  observeCancel(): void;
  /** Notifies the observers that the scope has completed, and removes them. */
  complete(): void;
  /** Notifies the observers that the request to which the scope belongs has been answered. */
  requestAnswered(): void;
  /** The scope above has completed: waits for the end of the next one above. */
  follow(): void;
}

import type { EndReason } from '../../errors.js';

/** How a scope ended: what happened to it first, and when. */
export interface Ending {
  readonly reason: EndReason;
  /** On the clock of `now()`. */
  readonly instant: number;
}

/** Somebody who is told what becomes of a scope. */
export interface ScopeObserver {
  /** The deadline has passed or the caller has gone. Told once, and nothing after it. */
  scopeEnded(ending: Ending): void;
  /** The scope has completed. The scope above it, if there is one, binds from now on. */
  scopeCompleted(): void;
  /** The request that the scope belongs to has been answered: calls in flight are released. */
  requestAnswered(): void;
}

/** What a scope knows of its watch, which exists only while somebody waits for its end. */
export interface Watch {
  /** Tells whoever waits, if the scope has ended. */
  announce(): void;
  /** The scope has completed. */
  complete(): void;
  /** The scope above has completed: waits for the next one. */
  follow(): void;
  /** The request that the scope belongs to has been answered. */
  requestAnswered(): void;
  unobserve(observer: ScopeObserver): void;
}

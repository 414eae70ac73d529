import type { EndReason } from '../errors.js';

/** How a scope ended: what happened to it first, and when. */
export interface Ending {
  readonly reason: EndReason;
  /** On the clock of `now()`. */
  readonly instant: number;
}

/** How a request was over: its caller has the answer, or (in observe mode, where that ends nothing) has hung up. */
export type RequestEnd = 'answered' | 'abandoned';

/** Somebody who is told what becomes of a scope. */
export interface ScopeObserver {
  /** The deadline has passed or the caller has gone. Told once, and nothing after it. */
  scopeEnded(ending: Ending): void;
  /**
   * The scope binds nobody any more, or, when the request is over, one above it.
   *
   * @param request how the whole request was over, so that calls in flight are released too; else they keep their deadline
   */
  scopeCompleted(request?: RequestEnd): void;
}

/** What a scope knows of its watch, which exists only while somebody waits for its end. */
export interface Watch {
  /** Tells whoever waits, if the scope has ended. */
  announce(): void;
  /** The scope has completed. */
  complete(request?: RequestEnd): void;
  /** The scope above has completed: waits for the next one. */
  follow(request?: RequestEnd): void;
  unobserve(observer: ScopeObserver): void;
}

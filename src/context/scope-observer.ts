import type { EndReason } from '../errors.js';
import type { Deadline } from './deadline.js';

/** How a scope ended: what happened to it first, and when. */
export interface Ending {
  readonly reason: EndReason;
  /** On the clock of `now()`. */
  readonly instant: number;
}

/** Somebody who is told what becomes of a scope: at most one of the two, at most once. */
export interface ScopeObserver {
  /** The deadline has passed or the caller has gone. */
  scopeEnded(ending: Ending): void;
  /** The caller has its answer; the scope binds nobody any more. */
  scopeCompleted(): void;
}

/** What a watch needs of its scope and of the scopes above. */
export interface WatchedScope {
  readonly parent: WatchedScope | undefined;
  readonly deadline: Deadline | undefined;
  /** Whether somebody will say when the work is done, so that what waits for its end may keep the scope alive. */
  readonly owned: boolean;
  /** This scope or its nearest ancestor that has not completed. */
  live(): WatchedScope | undefined;
  observe(observer: ScopeObserver): void;
  unobserve(observer: ScopeObserver): void;
  /** Tells the observers, if the scope has ended. */
  announce(): void;
}

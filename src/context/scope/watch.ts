import { diag } from '@opentelemetry/api';
import type { ScopeObserver, Watch } from './observer.js';
import type { Scope } from './scope.js';
import { type AbortListeners, trackAbortListeners } from './signal.js';
import { ScopeTrigger } from './trigger.js';

/** Adds an observer to `scope`, which must be live. When the scope has ended already, it is notified at once. */
export function observe(scope: Scope, observer: ScopeObserver): void {
  watchOf(scope).observe(observer);
}

/** Removes an observer that {@link observe} has added. */
export function unobserve(scope: Scope, observer: ScopeObserver): void {
  scope.watch?.unobserve(observer);
}

/** The `AbortSignal` of `scope`, which must be live. Each call returns the same signal. */
export function signalOf(scope: Scope): AbortSignal {
  return watchOf(scope).signal();
}

function watchOf(scope: Scope): Watch {
  scope.watch ??= new ScopeWatch(scope);
  return scope.watch;
}

class ScopeWatch implements Watch, AbortListeners {
  #controller: AbortController | undefined;
  #observers: Set<ScopeObserver> | undefined;
  #abortListeners: Set<unknown> | undefined;
  #trigger: ScopeTrigger | undefined;

  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  observe(observer: ScopeObserver): void {
    this.#observers ??= new Set();
    this.#observers.add(observer);
    this.#attend();
  }

  unobserve(observer: ScopeObserver): void {
    if (!this.#observers?.delete(observer)) return;
    if (this.#controller !== undefined || this.#observers.size > 0) {
      this.#holdScope();
    } else {
      this.#close();
      this.#scope.watch = undefined;
    }
  }

  signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (!this.#scope.owned) trackAbortListeners(this.#controller.signal, this);
      this.#attend();
    }
    return this.#controller.signal;
  }

  announce(): void {
    const ending = this.#scope.ended();
    if (ending === undefined) return;
    const observers = this.#close();
    this.#controller?.abort(ending.reason);
    notify(observers, (observer) => observer.scopeEnded(ending));
  }

  observeCancel(): void {
    notify(this.#observers ?? [], (observer) => observer.observeCancel?.());
  }

  complete(): void {
    notify(this.#close(), (observer) => observer.scopeCompleted());
  }

  requestAnswered(): void {
    notify(this.#observers ?? [], (observer) => observer.requestAnswered?.());
  }

  follow(): void {
    const trigger = this.#trigger;
    if (trigger === undefined) return;
    trigger.parent = this.#scope.parent;
    if (trigger.parent !== undefined) observe(trigger.parent, trigger);
  }

  abortListenerAdded(listener: unknown): void {
    this.#abortListeners ??= new Set();
    this.#abortListeners.add(listener);
    this.#holdScope();
  }

  abortListenerRemoved(listener: unknown): void {
    if (this.#abortListeners?.delete(listener)) this.#holdScope();
  }

  /** Announces the end if the scope has ended, else starts to wait for the deadline and for the scope above. */
  #attend(): void {
    if (this.#scope.ended() !== undefined) {
      this.announce();
    } else if (this.#trigger === undefined) {
      this.#trigger = new ScopeTrigger(this.#scope, this.#keepsScopeAlive);
      this.follow();
    } else {
      this.#holdScope();
    }
  }

  /** Stops waiting and removes the observers. Returns them, for a last notification. */
  #close(): Iterable<ScopeObserver> {
    this.#trigger?.close();
    this.#trigger = undefined;
    const observers = this.#observers ?? [];
    this.#observers = undefined;
    return observers;
  }

  /**
   * Whether the alarm keeps the scope alive. With observers or listeners it must: a promise that waits for the abort
   * alone would never settle. A signal without listeners may be garbage-collected with its scope.
   */
  get #keepsScopeAlive(): boolean {
    return Boolean(this.#observers?.size || this.#abortListeners?.size);
  }

  #holdScope(): void {
    this.#trigger?.keepAlive(this.#keepsScopeAlive ? this.#scope : undefined);
  }
}

function notify(observers: Iterable<ScopeObserver>, message: (observer: ScopeObserver) => void): void {
  for (const observer of observers) {
    try {
      message(observer);
    } catch (error) {
      // The other observers must still be notified.
      diag.error('scope observer failed', error);
    }
  }
}

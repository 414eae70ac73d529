import type { EndReason } from '../errors.js';
import type { ScopeObserver, WatchedScope } from './scope-observer.js';
import { type AbortListeners, trackAbortListeners } from './scope-signal.js';
import { ScopeTrigger } from './scope-trigger.js';

/** Whoever waits for a scope to end: its observers and its `AbortSignal`. It exists only while there is one. */
export class ScopeWatch implements AbortListeners {
  private controller: AbortController | undefined = undefined;
  private observers: Set<ScopeObserver> | undefined = undefined;
  private abortListeners: Set<unknown> | undefined = undefined;
  private trigger: ScopeTrigger | undefined = undefined;

  constructor(private readonly scope: WatchedScope) {}

  /** Whether nobody waits. */
  get idle(): boolean {
    return this.controller === undefined && !this.observers?.size;
  }

  add(observer: ScopeObserver): void {
    this.observers ??= new Set();
    this.observers.add(observer);
    this.holdScope();
  }

  delete(observer: ScopeObserver): void {
    if (this.observers?.delete(observer)) this.holdScope();
  }

  /** The observers, who are told now and never again. */
  takeObservers(): Iterable<ScopeObserver> {
    const { observers } = this;
    this.observers = undefined;
    return observers ?? [];
  }

  signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (!this.scope.owned) trackAbortListeners(this.controller.signal, this);
    }
    return this.controller.signal;
  }

  abort(reason: EndReason): void {
    this.controller?.abort(reason);
  }

  /** Starts to wait for the deadline and for the scope above. Does nothing while it waits. */
  open(): void {
    if (this.trigger !== undefined) return;
    this.trigger = new ScopeTrigger(this.scope, this.keepsScopeAlive);
    this.trigger.open();
  }

  close(): void {
    this.trigger?.close();
    this.trigger = undefined;
  }

  abortListenerAdded(listener: unknown): void {
    this.abortListeners ??= new Set();
    this.abortListeners.add(listener);
    this.holdScope();
  }

  abortListenerRemoved(listener: unknown): void {
    if (this.abortListeners?.delete(listener)) this.holdScope();
  }

  /**
   * Who listens must be told, even if he kept nothing else: a promise that waits for the abort alone would hang
   * otherwise. A signal that nobody listens to may go with its scope.
   */
  private get keepsScopeAlive(): boolean {
    return Boolean(this.observers?.size) || Boolean(this.abortListeners?.size);
  }

  private holdScope(): void {
    this.trigger?.keepAlive(this.keepsScopeAlive ? this.scope : undefined);
  }
}

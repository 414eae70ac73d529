import { ABORT_LISTENERS } from '../../private-keys.js';

/** Notified when a listener for 'abort' is added or removed. */
export interface AbortListeners {
  abortListenerAdded(listener: unknown): void;
  abortListenerRemoved(listener: unknown): void;
}

type Listener = EventListenerOrEventListenerObject | null;

/**
 * Only the prototype of this class is used: it is put between a signal and `AbortSignal.prototype`. No public API
 * returns the number of listeners of a signal. One symbol property costs less than two closures for each signal.
 */
class TrackedSignal extends AbortSignal {
  declare readonly [ABORT_LISTENERS]: AbortListeners;

  override addEventListener(type: string, listener: Listener, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener, options);
    if (type !== 'abort' || !listener) return;
    // The same function may listen twice, with and without `capture`. With `capture` it is counted as added for ever.
    this[ABORT_LISTENERS].abortListenerAdded(captures(options) ? Symbol() : listener);
  }

  override removeEventListener(type: string, listener: Listener, options?: boolean | EventListenerOptions): void {
    super.removeEventListener(type, listener as EventListener, options);
    if (type === 'abort' && !captures(options)) this[ABORT_LISTENERS].abortListenerRemoved(listener);
  }
}

function captures(options: boolean | EventListenerOptions | undefined): boolean {
  return options === true || Boolean(Object(options).capture);
}

// Some libraries detect an AbortSignal by the name of its constructor.
TrackedSignal.prototype.constructor = AbortSignal;

/** Notifies `listeners` of each listener for 'abort' that is added to `signal` or removed from it. */
export function trackAbortListeners(signal: AbortSignal, listeners: AbortListeners): void {
  Object.setPrototypeOf(signal, TrackedSignal.prototype);
  Object.defineProperty(signal, ABORT_LISTENERS, { value: listeners });
}

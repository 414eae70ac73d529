import { ABORT_LISTENERS } from '../../private-keys.js';

/** Who is told of listeners for 'abort'. */
export interface AbortListeners {
  abortListenerAdded(listener: unknown): void;
  abortListenerRemoved(listener: unknown): void;
}

type Listener = EventListenerOrEventListenerObject | null;

/**
 * Only its prototype is used: it goes between a signal and `AbortSignal.prototype`. No public API tells how many
 * listeners a signal has, and a symbol property and two methods cost less than a closure for each signal.
 */
class TrackedSignal extends AbortSignal {
  declare readonly [ABORT_LISTENERS]: AbortListeners;

  override addEventListener(type: string, listener: Listener, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener, options);
    if (type !== 'abort' || !listener) return;
    // One that listens in the capture phase may be the same function as one that does not: it is never counted out.
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

// Some libraries recognise an AbortSignal by the name of its constructor.
TrackedSignal.prototype.constructor = AbortSignal;

/** Tells `listeners` of each listener for 'abort' that comes to `signal` or goes. */
export function trackAbortListeners(signal: AbortSignal, listeners: AbortListeners): void {
  Object.setPrototypeOf(signal, TrackedSignal.prototype);
  Object.defineProperty(signal, ABORT_LISTENERS, { value: listeners });
}

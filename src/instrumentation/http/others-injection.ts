import type { Context } from '@opentelemetry/api';
import type { DeadlineWriter } from '../../propagation/deadline-setter.js';
import { observeInjections } from '../../propagation/injection-observer.js';
import { now } from '../../time/clock.js';
import type { Undo } from '../hooks/patch-method.js';

/** What another instrumentation, or the application, has written into a carrier. */
export interface Injection {
  /** Held weakly: this may remain the last injection for long, and its scope must not live on for that. */
  readonly context: WeakRef<Context>;
  readonly carrier: unknown;
  /** In whole ms; `Infinity`: there was no deadline. */
  readonly budget: number;
  readonly writer: DeadlineWriter;
  /** When the budget was computed, on the clock of `now()`. */
  readonly instant: number;
}

let last: Injection | undefined;

/** Remembers the last injection, from now on. */
export function rememberInjections(): Undo {
  const stop = observeInjections((context, carrier, budget, writer) => {
    last = { context: new WeakRef(context), carrier, budget, writer, instant: now() };
  });
  return () => {
    stop();
    last = undefined;
  };
}

/**
 * The last injection, if it was from this very context into this very carrier. Either way, the last injection is
 * forgotten.
 */
export function takeInjection(context: Context, carrier: unknown): Injection | undefined {
  const injection = last;
  last = undefined;
  if (injection === undefined || carrier === undefined || injection.carrier !== carrier) return undefined;
  return injection.context.deref() === context ? injection : undefined;
}

import type { Context } from '@opentelemetry/api';
import { INJECTION_OBSERVERS } from '../private-keys.js';
import type { DeadlineWriter } from './deadline-setter.js';

/**
 * Called after a propagator of this package has written into a carrier with the setter of other code.
 *
 * @param budget in whole ms; `Infinity`: no deadline
 */
export type InjectionObserver = (context: Context, carrier: unknown, budget: number, writer: DeadlineWriter) => void;

const registry = globalThis as { [INJECTION_OBSERVERS]?: InjectionObserver[] };
const NONE: readonly InjectionObserver[] = [];

/** The observers, of all copies of this package; none while no instrumentation is on. */
export function injectionObservers(): readonly InjectionObserver[] {
  return registry[INJECTION_OBSERVERS] ?? NONE;
}

/** Calls `observer` for each injection from now on, until the returned function is called. */
export function observeInjections(observer: InjectionObserver): () => void {
  registry[INJECTION_OBSERVERS] = [...injectionObservers(), observer];
  return () => {
    registry[INJECTION_OBSERVERS] = injectionObservers().filter((other) => other !== observer);
  };
}

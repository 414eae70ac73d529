import type { Context } from '@opentelemetry/api';
import type { DeadlineWriter } from './deadline-setter.js';
import { processRegistry } from './process-registry.js';

/**
 * Called after a propagator of this package has written into a carrier with the setter of other code.
 *
 * @param budget in whole ms; `Infinity`: no deadline
 */
export type InjectionObserver = (context: Context, carrier: unknown, budget: number, writer: DeadlineWriter) => void;

/** Calls `observer` for each injection from now on, by any copy of this package, until the returned function is called. */
export function observeInjections(observer: InjectionObserver): () => void {
  const registry = processRegistry();
  registry.injectionObservers = [...registry.injectionObservers, observer];
  return () => {
    registry.injectionObservers = registry.injectionObservers.filter((other) => other !== observer);
  };
}

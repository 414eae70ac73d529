import type { Context } from '@opentelemetry/api';
import type { DeadlineWriter } from './deadline-setter.js';

/**
 * Called after a propagator of ours has written into a carrier by a setter of somebody else's.
 *
 * @param budget in whole ms; `Infinity`: no deadline
 */
export type InjectionObserver = (context: Context, carrier: unknown, budget: number, writer: DeadlineWriter) => void;

/** Each copy of this package has a propagator of its own, and an observer has to see the injections of all of them. */
const OBSERVERS = Symbol.for('opentelemetry-propagator-deadline.injection-observers');
const registry = globalThis as { [OBSERVERS]?: InjectionObserver[] };
const observers = registry[OBSERVERS] ?? [];
registry[OBSERVERS] = observers;

/** Empty where no instrumentation of ours is on. */
export const injectionObservers: readonly InjectionObserver[] = observers;

/** Calls `observer` for each injection from now on, until the returned function is called. */
export function observeInjections(observer: InjectionObserver): () => void {
  observers.push(observer);
  return () => {
    const index = observers.indexOf(observer);
    if (index !== -1) observers.splice(index, 1);
  };
}

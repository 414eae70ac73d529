import type { Context } from '@opentelemetry/api';
import type { DeadlineWriter } from './deadline-setter.js';

/**
 * Is told of what was written into a carrier, by a setter that was not told itself.
 *
 * @param budget in whole ms; `Infinity`: there is no deadline
 */
export type InjectionObserver = (context: Context, carrier: unknown, budget: number, writer: DeadlineWriter) => void;

/** Nobody where no instrumentation of ours is on. */
export let injectionObserver: InjectionObserver | undefined;

/** Tells `observer` of each injection from now on, in place of another one. */
export function observeInjections(observer: InjectionObserver | undefined): void {
  injectionObserver = observer;
}

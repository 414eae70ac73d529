import { PROCESS_REGISTRY } from '../private-keys.js';
import type { Inbound } from './inbound.js';
import type { InjectionObserver } from './injection-observer.js';

/**
 * The DeadlineInstrumentation that is enabled, as the propagators see it. It may be of another copy of this package,
 * whose attachments only that copy can find.
 */
export interface InboundFinder {
  inboundOf(carrier: unknown): Inbound | undefined;
}

/** What the copies of this package in a process share: each has a propagator, and one instrumentation is enabled. */
export interface ProcessRegistry {
  /** The enabled instrumentation. One of version 0.1.0 is not here: it leaves what is extracted bound. */
  finder: InboundFinder | undefined;
  injectionObservers: readonly InjectionObserver[];
}

const global = globalThis as { [PROCESS_REGISTRY]?: ProcessRegistry };

/** Kept, because a look at `globalThis` takes 30 ns, on the path of every request. */
let registry: ProcessRegistry | undefined;

export function processRegistry(): ProcessRegistry {
  registry ??= global[PROCESS_REGISTRY] ??= { finder: undefined, injectionObservers: [] };
  return registry;
}

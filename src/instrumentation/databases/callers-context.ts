import { AsyncResource } from 'node:async_hooks';

// biome-ignore lint/suspicious/noExplicitAny: callbacks of other people have any shape
type Callback = (this: any, ...args: any[]) => any;

/**
 * `callback`, run in the async context of whoever calls this function.
 *
 * WORKAROUND pg >=8.0.3: a callback runs in the context of the request that has opened the connection, or that gives a
 * client back to the pool: another one, which may have ended (no issue known); remove when a callback runs in the context of
 * its caller.
 */
export function inCallersContext<F extends Callback>(callback: F): F {
  const caller = new AsyncResource('opentelemetry-propagator-deadline statement');
  return function bound(this: unknown, ...args: unknown[]) {
    return caller.runInAsyncScope(callback, this, ...args);
  } as F;
}

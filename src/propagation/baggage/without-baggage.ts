import { type Context, context as contextApi, propagation } from '@opentelemetry/api';
import { checkFunction } from '../../check-argument.js';
import { contextOr } from '../../context/context-argument.js';

/**
 * Runs `fn` without baggage, for a call to a third party. Deadline and trace context are kept.
 *
 * @param fn gets the context without baggage, which is also the active one where a context manager is registered
 * @param parent default: the active context
 * @returns the result of `fn`
 * @throws TypeError when `fn` is not a function, or `parent` not a `Context`; what `fn` throws
 */
export function withoutBaggage<T>(fn: (context: Context) => T, parent?: Context): T {
  checkFunction('withoutBaggage', fn);
  const context = propagation.deleteBaggage(contextOr('withoutBaggage', parent));
  return contextApi.with(context, () => fn(context));
}

import { type Context, context as contextApi } from '@opentelemetry/api';
import { wrongType } from '../check-argument.js';

/**
 * The context that was passed to the function `where`, by default the active one.
 *
 * @throws TypeError when it is no `Context`
 */
export function contextOr(where: string, context: Context | undefined): Context {
  return context === undefined ? contextApi.active() : checkContext(where, context);
}

/** @throws TypeError when `context` is no `Context` */
export function checkContext(where: string, context: Context): Context {
  if (typeof context?.getValue !== 'function') throw wrongType(where, 'a Context', context);
  return context;
}

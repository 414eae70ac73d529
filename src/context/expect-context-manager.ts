import { context as contextApi, diag, ROOT_CONTEXT } from '@opentelemetry/api';

let looked = false;

/**
 * Warns, once in a process, when `fn` is to run with less time and nothing can carry that to the calls that it makes: it
 * takes no context, and no context manager is registered.
 */
export function expectContextManager(where: string, fn: { readonly length: number }): void {
  // A function that takes the context works without a context manager.
  if (looked || fn.length > 0) return;
  looked = true;
  const probe = ROOT_CONTEXT.setValue(Symbol(), true);
  if (contextApi.with(probe, () => contextApi.active()) === probe) return;
  diag.warn(
    `${where} has no effect on a function that takes no context, because no context manager is registered. Start the ` +
      'OpenTelemetry SDK before, or register one with context.setGlobalContextManager, or take the context: ' +
      `${where}(..., (context) => abortSignal(context))`,
  );
}

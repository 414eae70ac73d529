import { context as contextApi } from '@opentelemetry/api';
import { getScope } from '../context/context-scope.js';
import type { Scope } from '../context/scope.js';
import { type EndReason, isEndReason } from '../errors.js';
import type { InstrumentationSettings } from './options.js';
import { reasonNotToCall } from './outbound-call.js';
import { type Method, patchMethod } from './patch.js';
import { withTarget } from './undici-failure.js';
import { targetOf } from './undici-target.js';

/**
 * Lets global `fetch` reject with the reason for which its scope has ended, where undici rejects with a `TypeError` that
 * has it as `cause`. The call itself is bound like every other one of undici's. Returns what undoes it.
 */
export function instrumentGlobalFetch(settings: InstrumentationSettings): () => void {
  const { name, length } = globalThis.fetch;
  const undo = patchMethod(globalThis, 'fetch', (original) => wrapFetch(original, settings));
  Object.defineProperties(globalThis.fetch, { name: { value: name }, length: { value: length } });
  return undo;
}

function wrapFetch(original: Method, settings: InstrumentationSettings): Method {
  return function fetch(this: unknown, ...args: unknown[]) {
    const context = contextApi.active();
    const scope = getScope(context);
    if (scope === undefined) return original.apply(this, args);
    if (settings.enforce && scope.ended() !== undefined) {
      // Here and not in undici, which Node loads during the first call, so that its pools can't be patched before.
      const target = httpTarget(args);
      const refusal = target && !settings.client.ignores?.(target) && reasonNotToCall(context, 'undici');
      if (refusal) return Promise.reject(withTarget(refusal, target));
    }
    const response = original.apply(this, args);
    // A stub may return anything.
    if (typeof response?.catch !== 'function') return response;
    return response.catch((error: unknown) => {
      throw reasonFor(error, scope) ?? error;
    });
  };
}

/** The reason for which a call of `scope` was ended by us; `undefined` when it failed by itself. */
function reasonFor(error: unknown, scope: Scope): EndReason | undefined {
  const cause = (error as { cause?: unknown } | null | undefined)?.cause;
  if (isEndReason(cause)) return cause;
  // Node's fetch takes an error of another realm, a test runner's, for none, and keeps only its text.
  const reason = scope.ended()?.reason;
  return reason !== undefined && (cause as Error | undefined)?.message === String(reason) ? reason : undefined;
}

/** The target of a call; `undefined` when it needs no network, or is none: then `fetch` says so. */
function httpTarget([input, init]: unknown[]): string | undefined {
  const { url = String(input), method = 'GET' } = Object(input);
  const verb: unknown = Object(init).method ?? method;
  return /^https?:/i.test(url) ? targetOf({ method: String(verb).toUpperCase(), path: url }) : undefined;
}

import { context as contextApi } from '@opentelemetry/api';
import { getScope } from '../../context/context-scope.js';
import type { Scope } from '../../context/scope/scope.js';
import { type EndReason, isEndReason } from '../../errors.js';
import { type Method, type Patched, patchMethod } from '../hooks/patch-method.js';
import { contextForCall } from '../lost-context/lost-contexts.js';
import { refuseCall } from '../outbound/refuse-call.js';
import type { Settings } from '../settings.js';
import { targetOf } from './call-target.js';
import { withTarget } from './handler-failure.js';

/**
 * Lets global `fetch` reject with the reason for which its scope has ended, where undici rejects with a `TypeError` that
 * has it as `cause`. The call itself is bound like every other one of undici's. Returns what undoes it.
 */
export function instrumentGlobalFetch(settings: Settings): () => void {
  const { name, length } = globalThis.fetch;
  const undo = patchMethod(globalThis, 'fetch', wrapFetch, settings);
  Object.defineProperties(globalThis.fetch, { name: { value: name }, length: { value: length } });
  return undo;
}

function wrapFetch(original: Method, patched: Patched<Settings>): Method {
  return function fetch(this: unknown, ...args: unknown[]) {
    const { settings } = patched;
    if (settings === undefined) return original.apply(this, args);
    const active = contextApi.active();
    const context = isIgnored(args, settings) ? active : contextForCall(active, 'undici');
    const go = () => original.apply(this, args);
    const goInContext = context === active ? go : () => contextApi.with(context, go);
    const scope = getScope(context);
    if (scope === undefined) return goInContext();
    if (settings.enforce && scope.ended() !== undefined) {
      // Here and not in undici, which Node loads during the first call, so that its pools can't be patched before.
      const target = httpTarget(args);
      const refusal = target && !settings.client.ignore?.(target) && refuseCall(scope, 'undici', settings.enforce);
      if (refusal) {
        cancelBody(args, refusal);
        return handled(Promise.reject(withTarget(refusal, target)));
      }
    }
    const response = goInContext();
    // A stub may return anything.
    if (typeof response?.catch !== 'function') return response;
    const ours: Promise<unknown> = response.catch((error: unknown) => {
      const reason = reasonFor(error, scope);
      if (reason === undefined) throw error;
      void handled(ours);
      throw reason;
    });
    return ours;
  };
}

/**
 * Marks a rejection of ours as handled: of calls that are made together and awaited one after the other, all but the
 * first have no listener yet when their scope ends, and no caller must be able to end the process by hanging up.
 */
function handled<T>(call: Promise<T>): Promise<T> {
  call.catch(() => {});
  return call;
}

/** The reason for which a call of `scope` was ended by us; `undefined` when it failed by itself. */
function reasonFor(error: unknown, scope: Scope): EndReason | undefined {
  const cause = (error as { cause?: unknown } | null | undefined)?.cause;
  const reason = scope.ended()?.reason;
  // A dispatcher of another version hides that the call is fetch's, which then gets an error made for this call.
  if (isEndReason(cause))
    return reason !== undefined && cause.cause === reason ? withTarget(reason, cause.target) : cause;
  // Node's fetch takes an error of another realm, a test runner's, for none, and keeps only its text.
  return reason !== undefined && (cause as Error | undefined)?.message === String(reason) ? reason : undefined;
}

function isIgnored(args: unknown[], { client }: Settings): boolean {
  const target = client.ignore && httpTarget(args);
  return target !== undefined && Boolean(client.ignore?.(target));
}

/** Lets go of the source of a body that nobody will read, as `fetch` does for a `signal` that has aborted. */
function cancelBody([input, init]: unknown[], reason: EndReason): void {
  const body: unknown = Object(init).body ?? Object(input).body;
  if (typeof (body as ReadableStream | null)?.cancel !== 'function' || (body as ReadableStream).locked) return;
  // A source that fails on that has nobody to tell.
  (body as ReadableStream).cancel(reason).catch(() => {});
}

/** The target of a call; `undefined` when it needs no network, or is none: then `fetch` says so. */
function httpTarget([input, init]: unknown[]): string | undefined {
  const { url = String(input), method = 'GET' } = Object(input);
  const verb: unknown = Object(init).method ?? method;
  return /^https?:/i.test(url) ? targetOf({ method: String(verb).toUpperCase(), path: url }) : undefined;
}

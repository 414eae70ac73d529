import { context as contextApi } from '@opentelemetry/api';
import { getScope } from '../../context/context-scope.js';
import type { Scope } from '../../context/scope/scope.js';
import { type EndReason, isEndReason } from '../../errors.js';
import { type Method, type Patched, patchMethod, type Undo } from '../hooks/patch-method.js';
import { contextForCall } from '../lost-context/lost-contexts.js';
import { refuseCall } from '../outbound/refuse-call.js';
import type { Settings } from '../settings.js';
import { targetOf } from './call-target.js';
import { withTarget } from './handler-failure.js';

/**
 * Lets global `fetch` reject with the reason for which its scope has ended, where undici rejects with a `TypeError` that
 * has the reason as `cause`. The call itself is bound like every other call of undici.
 */
export function patchGlobalFetch(settings: Settings): Undo {
  // Node has none with --no-experimental-fetch.
  if (typeof globalThis.fetch !== 'function') return () => {};
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
    const fetchNow = () => original.apply(this, args);
    const fetchInContext = context === active ? fetchNow : () => contextApi.with(context, fetchNow);
    const scope = getScope(context);
    if (scope === undefined) return fetchInContext();
    if (settings.enforce && scope.ended() !== undefined) {
      // Refused here, because Node loads its undici during the first call: there is no `dispatch` to patch before.
      const target = httpTarget(args);
      const refusal = target && !settings.client.ignore?.(target) && refuseCall(scope, 'undici', settings.enforce);
      if (refusal) {
        cancelBody(args, refusal);
        return handled(Promise.reject(withTarget(refusal, target)));
      }
    }
    const response = fetchInContext();
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
 * Marks a rejection of ours as handled. Of calls that are made together and awaited one after the other, only the first
 * has a listener when their scope ends; and a caller that hangs up must not be able to end the process.
 */
function handled<T>(call: Promise<T>): Promise<T> {
  call.catch(() => {});
  return call;
}

/** The reason for which a call of `scope` was ended by us; `undefined` when it failed by itself. */
function reasonFor(error: unknown, scope: Scope): EndReason | undefined {
  const cause = (error as { cause?: unknown } | null | undefined)?.cause;
  const reason = scope.ended()?.reason;
  // Behind a dispatcher of another version the call was not recognised as one of `fetch`, so it got an error of its own.
  if (isEndReason(cause))
    return reason !== undefined && cause.cause === reason ? withTarget(reason, cause.target) : cause;
  // WORKAROUND jest (all versions): Node's fetch keeps only the text of an error of another realm, such as a test runner's
  // (https://github.com/jestjs/jest/issues/2549); remove when jest shares the realm's `Error` with Node.
  return reason !== undefined && (cause as Error | undefined)?.message === String(reason) ? reason : undefined;
}

function isIgnored(args: unknown[], { client }: Settings): boolean {
  const target = client.ignore && httpTarget(args);
  return target !== undefined && Boolean(client.ignore?.(target));
}

/** Cancels a body that will not be read, as `fetch` does for a `signal` that has aborted. */
function cancelBody([input, init]: unknown[], reason: EndReason): void {
  const body = (init as Init)?.body ?? (input as Init)?.body;
  if (typeof body?.cancel !== 'function' || body.locked) return;
  // No code waits for the body, so none can handle its failure.
  body.cancel(reason).catch(() => {});
}

/** What we read of a `Request`, or of the options of `fetch`. An application may pass anything. */
type Init = { readonly url?: string; readonly method?: unknown; readonly body?: ReadableStream } | null | undefined;

/** The target of a call; `undefined` when the call needs no network, or its URL is invalid: then `fetch` rejects. */
function httpTarget([input, init]: unknown[]): string | undefined {
  const url = (input as Init)?.url ?? String(input);
  const method = (init as Init)?.method ?? (input as Init)?.method ?? 'GET';
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return targetOf({ method: String(method).toUpperCase(), origin, path: pathname });
}

import { context as contextApi } from '@opentelemetry/api';
import type { Scope } from '../../context/scope/scope.js';
import { type EndReason, isEndReason } from '../../errors.js';
import { type Method, type Patched, patchMethod, type Undo } from '../hooks/patch-method.js';
import { contextOfCall, isSharedCall, scopeOfCall } from '../outbound/call-context.js';
import { refuseCall } from '../outbound/refuse-call.js';
import { connectError } from '../outbound/rpc-call-error.js';
import type { Settings } from '../settings.js';
import { type CallAddress, isShared, targetOf } from './call-target.js';
import { ConnectFetch } from './connect-fetch.js';
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
    const shared = () => isSharedFetch(args, settings);
    const context = isIgnored(args, settings) ? active : contextOfCall(active, 'undici', shared, 'owned');
    const scope = scopeOfCall(context);
    const connect = scope && settings.enforce ? ConnectFetch.of(args) : undefined;
    const within = connect?.enter(context) ?? context;
    const fetchNow = () => original.apply(this, connect?.args ?? args);
    const fetchInContext = within === active ? fetchNow : () => contextApi.with(within, fetchNow);
    if (scope === undefined) return fetchInContext();
    if (settings.enforce && scope.ended() !== undefined) {
      // Refused here, because Node loads its undici during the first call: there is no `dispatch` to patch before.
      const target = httpTarget(args);
      const refusal = target && !settings.client.ignore?.(target) && refuseCall(scope, 'undici', settings.enforce);
      if (refusal) {
        cancelBody(args, refusal);
        const reason = withTarget(refusal, target);
        return handled(Promise.reject(connect ? connectError(reason) : reason));
      }
    }
    const response = fetchInContext();
    // A stub may return anything.
    if (typeof response?.catch !== 'function') return response;
    const ours: Promise<unknown> = response.catch((error: unknown) => {
      const reason = reasonFor(error, scope);
      if (reason === undefined) throw error;
      void handled(ours);
      throw connect ? connectError(reason) : reason;
    });
    if (context !== active && isSharedCall(context)) completeWhenSettled(scope, response);
    return ours;
  };
}

/** A redirect is followed in the context of a shared call until then. The call keeps its limit while its body is read. */
function completeWhenSettled(scope: Scope, response: Promise<unknown>): void {
  const complete = () => scope.complete();
  response.then(complete, complete);
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

/** Whether a call is one that several requests may wait for. */
function isSharedFetch(args: unknown[], { client: { shared } }: Settings): boolean {
  if (shared === undefined || !shared.mayHave(urlOf(args))) return false;
  const address = httpAddress(args);
  return address !== undefined && isShared(address, shared);
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
function httpTarget(args: unknown[]): string | undefined {
  const address = httpAddress(args);
  return address && targetOf(address);
}

/** Where a call goes; `undefined` as for {@link httpTarget}. */
function httpAddress(args: unknown[]): CallAddress | undefined {
  const url = urlOf(args);
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return undefined;
  const [input, init] = args as Init[];
  const { origin, pathname } = new URL(url);
  return { method: String(init?.method ?? input?.method ?? 'GET').toUpperCase(), origin, path: pathname };
}

function urlOf([input]: unknown[]): string {
  return (input as Init)?.url ?? String(input);
}

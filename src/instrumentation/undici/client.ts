import { context as contextApi, diag } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { getScope } from '../../context/context-scope.js';
import { now } from '../../time/clock.js';
import { onChannel } from '../hooks/diagnostics-channel.js';
import { patchMethod, type Undo } from '../hooks/patch-method.js';
import { noteAnswer } from '../outbound/downstream-timeout.js';
import { type BoundCall, bindCall } from '../outbound/outbound-call.js';
import type { Settings } from '../settings.js';
import { onUpgraded, UndiciCall, type UndiciRequest } from './call.js';
import { isLeftAlone } from './call-target.js';
import { DispatchHook, wrapDispatch } from './dispatch.js';
import { instrumentGlobalFetch } from './global-fetch.js';
import { meetGlobalDispatcher, onDispatcher } from './loaded-classes.js';
import { stampRequest } from './stamp.js';

/**
 * Binds each call of undici, of Node's own (global `fetch`, `WebSocket`) and of every copy from npm, to the scope that
 * it is made under.
 */
export function instrumentUndici(settings: Settings): Undo {
  const dispatches = new DispatchHook(settings);
  const requests = new RequestHook(settings);
  const undo = [
    instrumentGlobalFetch(settings),
    onChannel<{ request: UndiciRequest }>('undici:request:create', ({ request }) => {
      if (!dispatches.created(request)) meetGlobalDispatcher();
      requests.begin(request);
    }),
    onChannel<UndiciAnswer>('undici:request:headers', ({ request, response }) => requests.note(request, response)),
    onChannel<{ request: UndiciRequest }>('undici:request:trailers', ({ request }) => requests.end(request)),
    onChannel<{ request: UndiciRequest }>('undici:request:error', ({ request }) => requests.end(request)),
  ];
  undo.push(onDispatcher((prototype) => undo.push(patchMethod(prototype, 'dispatch', wrapDispatch, dispatches))));
  meetGlobalDispatcher();
  return () => {
    for (const step of undo) step();
  };
}

interface UndiciAnswer {
  readonly request: UndiciRequest;
  /** Names and values in turn. */
  readonly response: { readonly statusCode: number; readonly headers: readonly (Buffer | string)[] };
}

/** Stamps each request, and binds it to its scope from `begin` until `end`. */
class RequestHook {
  private readonly calls = new WeakMap<UndiciRequest, BoundCall>();

  constructor(private readonly settings: Settings) {}

  /** Undici announces a request in the async context of the `dispatch` that makes it. */
  begin(request: UndiciRequest): void {
    const context = contextApi.active();
    if (isTracingSuppressed(context) || isLeftAlone(request, this.settings)) return;
    try {
      const budget = stampRequest(request, context);
      const transport = new UndiciCall(request, this.settings.enforce);
      const call = bindCall(getScope(context), transport, now() + budget);
      // The scope may have ended: the `dispatch` of a copy of undici that was loaded before us is not wrapped.
      if (call === undefined || request.aborted) return;
      this.calls.set(request, call);
      onUpgraded(request, () => this.end(request));
    } catch (error) {
      // An error thrown in a channel's listener would end the process.
      diag.error('an outbound call goes out without its deadline', error);
    }
  }

  /** Looks at the head of a call's response. */
  note(request: UndiciRequest, { statusCode, headers }: UndiciAnswer['response']): void {
    if (!this.calls.has(request) || !Array.isArray(headers)) return;
    noteAnswer(statusCode, (name) => fieldIn(headers, name), 'undici');
  }

  end(request: UndiciRequest): void {
    this.calls.get(request)?.release();
    this.calls.delete(request);
  }
}

function fieldIn(headers: UndiciAnswer['response']['headers'], name: string): unknown {
  for (let i = 0; i + 1 < headers.length; i += 2) if (String(headers[i]).toLowerCase() === name) return headers[i + 1];
  return undefined;
}

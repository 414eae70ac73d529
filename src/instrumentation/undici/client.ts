import { type Context, context as contextApi, diag } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { getScope } from '../../context/context-scope.js';
import { now } from '../../time/clock.js';
import { freeSharedCall, scopeOfCall } from '../outbound/call-context.js';
import { noteAnswer } from '../outbound/downstream-timeout.js';
import { type BoundCall, bindCall } from '../outbound/outbound-call.js';
import type { Settings } from '../settings.js';
import { onUpgraded, UndiciCall, type UndiciRequest } from './call.js';
import { isLeftAlone, isShared } from './call-target.js';
import { connectFetchIn } from './connect-fetch.js';
import { stampRequest } from './stamp.js';

/** The message of undici's channels about a request. */
export interface RequestMessage {
  readonly request: UndiciRequest;
}

/** The message of the channel `undici:request:headers`. */
export interface ResponseMessage extends RequestMessage {
  /** Names and values in turn. */
  readonly response: { readonly statusCode: number; readonly headers: readonly (Buffer | string)[] };
}

/**
 * Binds each call of undici, of Node's own (global `fetch`, `WebSocket`) and of every copy from npm, to the scope that it is
 * made under: stamps each request, and binds it from `begin` until `end`.
 */
export class RequestHook {
  private readonly calls = new WeakMap<UndiciRequest, BoundCall>();

  constructor(private readonly settings: Settings) {}

  /**
   * Undici announces a request in the async context of the `dispatch` that makes it.
   *
   * @param dispatched whether a `dispatch` that is wrapped makes the request, in the context of {@link contextOfCall}
   */
  begin(request: UndiciRequest, dispatched: boolean): void {
    const active = contextApi.active();
    if (isTracingSuppressed(active) || isLeftAlone(request, this.settings)) return;
    try {
      const context = dispatched ? active : this.contextOf(request, active);
      const budget = stampRequest(request, context);
      const transport = new UndiciCall(request, this.settings.enforce, connectFetchIn(context));
      const call = bindCall(scopeOfCall(context), transport, now() + budget);
      // The scope may have ended: the `dispatch` of a copy of undici that was loaded before us is not wrapped.
      if (call === undefined || request.aborted) return;
      this.calls.set(request, call);
      onUpgraded(request, () => this.end(request));
    } catch (error) {
      // An error thrown in a channel's listener would end the process.
      diag.error('an outbound call goes out without its deadline', error);
    }
  }

  /** The `dispatch` of a copy of undici that was loaded before us is not wrapped. */
  private contextOf(request: UndiciRequest, active: Context): Context {
    const bound = getScope(active) !== undefined;
    return bound && isShared(request, this.settings.client.shared) ? freeSharedCall(active) : active;
  }

  /** Looks at the head of a call's response. */
  note(request: UndiciRequest, { statusCode, headers }: ResponseMessage['response']): void {
    const call = this.calls.get(request);
    if (call === undefined) return;
    call.answered(statusCode);
    if (!Array.isArray(headers)) return;
    noteAnswer(statusCode, (name) => fieldIn(headers, name), 'undici');
  }

  end(request: UndiciRequest): void {
    this.calls.get(request)?.release();
    this.calls.delete(request);
  }
}

function fieldIn(headers: ResponseMessage['response']['headers'], name: string): unknown {
  for (let i = 0; i + 1 < headers.length; i += 2) if (String(headers[i]).toLowerCase() === name) return headers[i + 1];
  return undefined;
}

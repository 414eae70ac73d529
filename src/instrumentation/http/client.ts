import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { context as contextApi } from '@opentelemetry/api';
import { CALL } from '../../private-keys.js';
import { now } from '../../time/clock.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { contextOfCall, isSharedCall, scopeOfCall } from '../outbound/call-context.js';
import { noteAnswer } from '../outbound/downstream-timeout.js';
import { refuseCall } from '../outbound/refuse-call.js';
import type { Settings } from '../settings.js';
import { errorOf, expectError, HttpCall, type Request } from './call.js';
import { isShared, targetOf } from './call-target.js';
import { takeInjection } from './others-injection.js';
import { stampRequest, stampSharedCall } from './stamp.js';

// Binds each call of node:http and node:https to the scope that it is made under.

/** The message of the channel `http.client.response.finish`, which is published when a response's head has arrived. */
export interface ResponseHead {
  readonly request: Request;
  readonly response: IncomingMessage;
}

export function noteResponse({ request, response }: ResponseHead): void {
  const call = request[CALL];
  if (!call) return;
  const { statusCode = 0, headers } = response;
  call.answered(statusCode);
  noteAnswer(statusCode, (name) => headers[name], 'http');
}

/**
 * `addRequest` of an agent runs while a request is constructed, in the caller's async context, before there is a socket.
 *
 * WORKAROUND node >=20: no channel is published before a socket is opened for a request (no issue known); remove when
 * `http.client.request.created` comes first, and a request can be refused there.
 */
export function wrapAddRequest(original: Method, patched: Patched<Settings>): Method {
  return function addRequest(this: unknown, ...args: unknown[]) {
    const { settings } = patched;
    if (settings === undefined) return original.apply(this, args);
    const request = args[0] as Request;
    // An agent may pass a request on to another agent, where it has been begun already.
    if (request[CALL] === undefined && !beginCall(request, settings, args[1])) return request.onSocket(null);
    try {
      original.apply(this, args);
      const call = request[CALL];
      if (call && !call.handedOver) call.queued = true;
    } catch (error) {
      // For example a port out of range: the request never emits 'close'.
      request[CALL]?.release();
      throw error;
    }
  };
}

/** Sees the calls without such an agent: `createConnection`, or an agent that does not extend Node's. */
export function wrapOnSocket(original: Method, patched: Patched<Settings>): Method {
  return function onSocket(this: Request, ...args: unknown[]) {
    const { settings } = patched;
    if (settings === undefined) return original.apply(this, args);
    const socket = args[0] as Socket | null;
    if (this[CALL] === undefined) beginCall(this, settings);
    const call = this[CALL];
    // The request was aborted while its agent connected: the next request takes the connection.
    if (call?.handedOver) return void socket?.emit('free');
    call?.handOver(socket);
    return original.apply(this, args);
  };
}

/**
 * Stamps a request and binds it to its scope. Returns whether the request may go on; if not, it fails in the next tick.
 *
 * @param options the options that the request was made with, where they are known
 */
function beginCall(request: Request, settings: Settings, options?: unknown): boolean {
  request[CALL] = null;
  if (settings.client.ignore?.(targetOf(request))) return true;
  const active = contextApi.active();
  const context = contextOfCall(active, 'http', () => isShared(request, settings.client.shared));
  const scope = scopeOfCall(context);
  const shared = context !== active && isSharedCall(context);
  const instant = now();
  const refusal = refuseCall(scope, 'http', settings.enforce, instant);
  if (refusal !== undefined) {
    failSoon(request, errorOf(request, refusal));
    return false;
  }
  const { headers } = (options ?? {}) as { headers?: OutgoingHttpHeaders };
  const injection = takeInjection(active, headers);
  const stamp = shared
    ? stampSharedCall(request, context, injection)
    : stampRequest(request, context, instant, context === active ? injection : undefined);
  const call = new HttpCall(request, settings.enforce, stamp);
  // Set before the call is bound, because the scope may end it at once.
  request[CALL] = call;
  if (!call.bind(scope)) request[CALL] = null;
  return true;
}

/** As Node's own errors: by then the caller has added its listeners and piped its body into the request. */
function failSoon(request: Request, error: Error): void {
  process.nextTick(() => {
    expectError(request);
    request.destroy(error);
  });
}

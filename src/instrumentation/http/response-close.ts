import { EventEmitter } from 'node:events';
import { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { type Context, context as contextApi } from '@opentelemetry/api';
import type { Scope } from '../../context/scope/scope.js';
import { measureBudget, record } from '../../events.js';
import type { Method } from '../hooks/patch-method.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import { abandon } from '../outbound/outbound-call.js';
import type { Settings } from '../settings.js';
import { setResponseScope } from './answer.js';

export function transportOf(request: InboundRequest): 'http' | 'http2' {
  return request.httpVersionMajor === 2 ? 'http2' : 'http';
}

/** A request that we serve, under its scope. */
export interface ServedRequest {
  readonly request: InboundRequest;
  readonly response: InboundResponse;
  readonly scope: Scope;
  /** The one that holds the scope. */
  readonly context: Context;
  /** Whether its time was up when it arrived. */
  readonly late: boolean;
}

/**
 * Binds a scope to the response: it completes when the response has been sent, and is cancelled when the connection or
 * stream closes before.
 */
export function completeWithResponse(served: ServedRequest, settings: Settings): void {
  const { request, response, scope, context, late } = served;
  setResponseScope(response, scope);
  const { deadline } = scope;
  if (deadline?.inherited) measureBudget('received', deadline, transportOf(request));
  const { socket } = request;
  let over = false;
  const end = () => {
    const transport = transportOf(request);
    const exceeded = scope.ended() !== undefined;
    // What came too late has been counted as rejected.
    if (deadline !== undefined && !late) measureBudget('served', deadline, transport);
    if (exceeded && !late) {
      record({ type: 'exceeded', side: 'server', transport, inherited: deadline?.inherited === true });
    }
    if (wasSent(request, response) || !settings.server.cancelOnDisconnect(request)) return scope.completeAnswered();
    // What happened first counts: a caller with the same deadline hangs up when it passes.
    if (!exceeded) record({ type: 'cancelled', side: 'server', transport });
    if (settings.enforce) return scope.cancel();
    abandon(scope);
    // It goes on until it is answered, although the answer goes nowhere.
    onceEnded(response, () => scope.completeAnswered());
  };
  const close = () => {
    if (over) return;
    over = true;
    offSocketClose(socket, close);
    contextApi.with(context, end);
  };
  // Before another instrumentation ends its span, which is to tell of a caller that hung up.
  listenFirst(response, 'close', close);
  // Node 20: a pipelined response that waits for its turn hears nothing of its connection's end.
  if (transportOf(request) === 'http' && response.socket === null) onSocketClose(socket, close);
}

/** Calls `ended` when the application has ended a response whose connection is gone: no event tells. */
function onceEnded(response: InboundResponse, ended: () => void): void {
  if (response.writableEnded) {
    ended();
    return;
  }
  const end = response.end as Method;
  response.end = function endForNobody(this: InboundResponse, ...args: unknown[]) {
    ended();
    return end.apply(this, args);
  };
}

/**
 * Past a method of its own that somebody has given to a response, to bind each listener to a context: that takes more
 * time than all the rest of what is done for the end. Stand-ins for a response are asked themselves.
 */
function listenFirst(response: InboundResponse, event: string, listener: () => void): void {
  const own = response instanceof ServerResponse || response instanceof Http2ServerResponse;
  const { prependListener } = own ? EventEmitter.prototype : response;
  prependListener.call(response, event, listener);
}

/** HTTP/2: after a reset, 'finish' fires and `writableFinished` is true. */
function wasSent(request: InboundRequest, response: InboundResponse): boolean {
  if (transportOf(request) === 'http') return response.writableFinished;
  return !request.aborted && response.writableEnded;
}

/** What is to be done when a socket closes: one listener a socket, however many responses wait for their turn. */
const waiting = new WeakMap<Socket, Set<() => void>>();

function onSocketClose(socket: Socket, end: () => void): void {
  // The application may emit requests of its own, with stand-ins for what it does not need.
  if (typeof socket?.once !== 'function') return;
  const ends = waiting.get(socket) ?? new Set();
  if (ends.size === 0) socket.once('close', endAllWaiting);
  waiting.set(socket, ends.add(end));
}

function offSocketClose(socket: Socket, end: () => void): void {
  const ends = waiting.get(socket);
  if (ends?.delete(end) && ends.size === 0) socket.off('close', endAllWaiting);
}

function endAllWaiting(this: Socket): void {
  for (const end of waiting.get(this) ?? []) end();
}

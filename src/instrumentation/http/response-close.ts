import { EventEmitter } from 'node:events';
import { ServerResponse } from 'node:http';
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Method } from '../hooks/patch-method.js';
import type { InboundRequest, InboundResponse } from '../options.js';

export function transportOf(request: InboundRequest): 'http' | 'http2' {
  return request.httpVersionMajor === 2 ? 'http2' : 'http';
}

/** Calls `listener` once: when a response has been sent, or when its connection or stream has closed before. */
export function onResponseClose(request: InboundRequest, response: InboundResponse, listener: () => void): void {
  const { socket } = request;
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    offSocketClose(socket, close);
    listener();
  };
  // Before another instrumentation ends its span, in which the end of the request is still to be recorded.
  prependListener(response, 'close', close);
  if (transportOf(request) === 'http2') onReset(request, close);
  if (isPipelined(request, response)) onSocketClose(socket, close);
}

/** Whether a response that has closed was sent as a whole. */
export function wasSent(request: InboundRequest, response: InboundResponse): boolean {
  if (transportOf(request) === 'http') return response.writableFinished;
  // HTTP/2: after a reset, 'finish' fires and `writableFinished` is true.
  return !request.aborted && response.writableEnded;
}

/** Calls `listener` when the application ends a response whose connection is gone. No event of Node's reports that. */
export function onHandlerEnd(response: InboundResponse, listener: () => void): void {
  if (response.writableEnded) {
    listener();
    return;
  }
  const end = response.end as Method;
  const endWithoutConnection = function (this: InboundResponse, ...args: unknown[]) {
    listener();
    return end.apply(this, args);
  };
  // A response that the application has frozen reports nothing.
  Reflect.defineProperty(response, 'end', { value: endWithoutConnection, configurable: true, writable: true });
}

/**
 * Listens past a response's own `prependListener`, which an instrumentation may have patched to bind each listener to a
 * context: that takes longer than all the rest of what is done for the end. Replacements for a response are asked
 * themselves.
 */
function prependListener(response: InboundResponse, event: string, listener: () => void): void {
  const isNodes = response instanceof ServerResponse || response instanceof Http2ServerResponse;
  const { prependListener: prepend, on } = (isNodes ? EventEmitter.prototype : response) as EventEmitter;
  (prepend ?? on).call(response, event, listener);
}

/**
 * WORKAROUND node 20 to 24: a client that resets a stream with NO_ERROR, the default of `stream.close()`, while the response
 * is being written makes the request emit 'aborted', but the response no 'close' (no issue known); remove when Node 24 is no
 * longer supported.
 */
function onReset(request: InboundRequest, listener: () => void): void {
  if (request instanceof Http2ServerRequest) EventEmitter.prototype.prependListener.call(request, 'aborted', listener);
}

/**
 * WORKAROUND node 20 and 22: a pipelined response that waits for its turn gets no 'close' when its connection closes (no
 * issue known); remove when Node 22 is no longer supported.
 */
function isPipelined(request: InboundRequest, response: InboundResponse): boolean {
  return transportOf(request) === 'http' && response.socket === null;
}

/** What runs when a socket closes: one listener for each socket, however many responses wait for their turn. */
const waiting = new WeakMap<Socket, Set<() => void>>();

function onSocketClose(socket: Socket, listener: () => void): void {
  // An application may emit requests by hand, with replacements for what it does not need.
  if (typeof socket?.once !== 'function') return;
  const listeners = waiting.get(socket) ?? new Set();
  if (listeners.size === 0) socket.once('close', closeAllWaiting);
  waiting.set(socket, listeners.add(listener));
}

function offSocketClose(socket: Socket, listener: () => void): void {
  const listeners = waiting.get(socket);
  if (listeners?.delete(listener) && listeners.size === 0) socket.off('close', closeAllWaiting);
}

function closeAllWaiting(this: Socket): void {
  for (const listener of waiting.get(this) ?? []) listener();
}

import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import { diag } from '@opentelemetry/api';
import type { Scope } from '../context/scope.js';
import { isCallCancelled, isDeadlineExceeded } from '../errors.js';
import { rejectLate } from './http-answer.js';
import type { InboundRequest, InboundResponse } from './options.js';
import type { Method } from './patch.js';

/**
 * As the server's `emit`, which drops the promise of an async handler: Node ends the process when it is rejected. A
 * caller must not be able to do that by hanging up, so what escapes from a handler because its scope has ended is
 * answered here. Everything else stays an unhandled rejection.
 */
export function dispatch(
  server: EventEmitter,
  event: string,
  request: InboundRequest,
  response: InboundResponse,
  scope: Scope,
): boolean {
  // The server was told to answer for rejections itself.
  if (capturesRejections(server)) return EventEmitter.prototype.emit.call(server, event, request, response);
  const listeners = server.rawListeners(event) as Method[];
  for (const listener of listeners) {
    const result: unknown = listener.call(server, request, response);
    if (types.isPromise(result)) result.then(undefined, (error) => escaped(error, request, response, scope));
  }
  return listeners.length > 0;
}

function escaped(error: unknown, request: InboundRequest, response: InboundResponse, scope: Scope): void {
  const ending = scope.outcome();
  const caused = isDeadlineExceeded(error) || isCallCancelled(error);
  if (!caused && ending === undefined) throw error;
  // After its end anything may have failed because of it; but who looks for another fault must find it.
  if (!caused) diag.error('a handler failed when its scope had ended', error);
  if (response.writableEnded || response.destroyed) return;
  if (!response.headersSent && isDeadlineExceeded(ending?.reason ?? error)) rejectLate(request, response);
  else response.destroy();
}

/** Nothing public tells whether an emitter was told so. Every emitter has this property. */
const CAPTURE = Object.getOwnPropertySymbols(new EventEmitter()).find(({ description }) => description === 'kCapture');

function capturesRejections(server: EventEmitter): boolean {
  return CAPTURE !== undefined && Boolean((server as unknown as Record<symbol, unknown>)[CAPTURE]);
}

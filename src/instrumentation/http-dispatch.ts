import { EventEmitter } from 'node:events';
import { ServerResponse } from 'node:http';
import { types } from 'node:util';
import { diag } from '@opentelemetry/api';
import type { Scope } from '../context/scope.js';
import { isCallCancelled, isDeadlineExceeded } from '../errors.js';
import { rejectLate } from './http-answer.js';
import type { InboundRequest, InboundResponse } from './options.js';
import type { Method } from './patch.js';

/** The event by which a server hands a request to the application. */
export interface RequestEvent {
  readonly server: EventEmitter;
  readonly name: string;
  readonly request: InboundRequest;
  readonly response: InboundResponse;
}

/** As the server's own `emit`. */
export function dispatchBare({ server, name, request, response }: RequestEvent): boolean {
  return EventEmitter.prototype.emit.call(server, name, request, response);
}

/**
 * As the server's `emit`, which lets go of what escapes from a handler: Node ends the process when it throws, or when its
 * promise is rejected. A caller must not be able to do that by hanging up, so what escapes because the scope has ended is
 * answered here. Everything else ends the process as ever.
 *
 * @param enforce whether calls are aborted: then a handler may fail because of that in words of its own
 */
export function dispatch(event: RequestEvent, scope: Scope, enforce: boolean): boolean {
  const { server, request, response } = event;
  // The server was told to answer for rejections itself.
  if (capturesRejections(server)) return dispatchBare(event);
  const listeners = server.rawListeners(event.name) as Method[];
  for (const listener of listeners) {
    try {
      const result: unknown = listener.call(server, request, response);
      if (result === undefined || !types.isPromise(result)) continue;
      result.then(undefined, (error: unknown) => escaped(error, event, scope, enforce));
    } catch (error) {
      escaped(error, event, scope, enforce);
      break;
    }
  }
  return listeners.length > 0;
}

function escaped(error: unknown, { request, response }: RequestEvent, scope: Scope, enforce: boolean): void {
  const ending = scope.outcome();
  const caused = isDeadlineExceeded(error) || isCallCancelled(error);
  if (!caused && (!enforce || ending === undefined)) throw error;
  // After its end anything may have failed because of it; but who looks for another fault must find it.
  if (!caused) diag.error('a handler failed when its scope had ended', error);
  if (response.writableEnded || response.destroyed) return;
  if (!response.headersSent && isDeadlineExceeded(ending?.reason ?? error)) answerInstead(request, response);
  else response.destroy();
}

/** Answers in place of a handler, which may have said much already of the answer that does not come. */
function answerInstead(request: InboundRequest, response: InboundResponse): void {
  try {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    if (response instanceof ServerResponse) response.statusMessage = '';
    rejectLate(request, response);
  } catch (error) {
    diag.error('a request whose time is up gets no answer', error);
    response.destroy();
  }
}

/** Nothing public tells whether an emitter was told so. Every emitter has this property. */
const CAPTURE = Object.getOwnPropertySymbols(new EventEmitter()).find(({ description }) => description === 'kCapture');

function capturesRejections(server: EventEmitter): boolean {
  return CAPTURE !== undefined && Boolean((server as unknown as Record<symbol, unknown>)[CAPTURE]);
}

import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import type { Method } from '../../hooks/patch-method.js';
import { symbolNamed } from '../../hooks/symbol-named.js';
import { answerEscapedError, isDueToEnd, trackPromise } from '../../inbound/handler-rejections.js';
import type { HttpServedRequest } from '../served-request.js';
import type { RequestEvent } from './innermost-emit.js';

/** Runs the application's handlers as the server itself does. */
export function emitBare({ server, name, request, response }: RequestEvent): void {
  EventEmitter.prototype.emit.call(server, name, request, response);
}

/**
 * Runs the application's handlers, and keeps what escapes from them from ending the process when it escaped because a
 * request has ended: Node ends the process when a handler throws, or when its promise is rejected, and a caller must not
 * be able to cause that by hanging up. Every other error ends the process as it does without us.
 */
export function runHandlers(event: RequestEvent, served: HttpServedRequest): void {
  const { server, name, request, response } = event;
  if (capturesRejections(server)) {
    emitBare(event);
    return;
  }
  for (const handler of server.rawListeners(name) as Method[]) {
    try {
      const result: unknown = handler.call(server, request, response);
      if (types.isPromise(result)) trackPromise(result, served);
      else served.track(result);
    } catch (error) {
      if (!isDueToEnd(error, served)) throw error;
      answerEscapedError(error, served);
      break;
    }
  }
}

/** Looked for once: it is asked for each request. */
const CAPTURE = symbolNamed(new EventEmitter(), 'kCapture');

/**
 * WORKAROUND node all: nothing public tells whether an emitter was made with `captureRejections`, and so answers for
 * rejected handlers itself (no issue known); remove when there is a public property.
 */
function capturesRejections(server: EventEmitter): boolean {
  return CAPTURE !== undefined && Boolean(Reflect.get(server, CAPTURE));
}

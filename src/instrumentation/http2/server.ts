import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { types } from 'node:util';
import { context as contextApi } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { deleteScope, getScope } from '../../context/context-scope.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { admission } from '../inbound/admission/admission.js';
import { answerEscapedError, isDueToEnd, trackPromise } from '../inbound/handler-rejections.js';
import { bindToRequest, runForRequest } from '../lost-context/lost-contexts.js';
import type { Settings } from '../settings.js';
import { inboundStream } from './inbound-stream.js';
import { ServedStream } from './served-stream.js';
import { ownListeners } from './stream-listeners.js';

type StreamEvent = [stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]];

/**
 * Gives each stream that an application serves by the event 'stream' a scope: it has the caller's deadline, is bound to the
 * stream, and completes with the answer.
 *
 * @param next does what is done for all other events
 * @param original the `emit` that `next` wraps
 */
export function wrapStreamEvent(next: Method, original: Method, patched: Patched<Settings>): Method {
  return function emit(this: EventEmitter, ...args: unknown[]) {
    const { settings } = patched;
    const [name, ...event] = args;
    if (settings === undefined || name !== 'stream' || !isServed(this, event)) return next.apply(this, args);
    if (settings.server.admission) admission.noteRead();
    const [stream, headers, , rawHeaders = []] = event;
    const served = ServedStream.of(inboundStream(stream, headers, rawHeaders), settings);
    const emitNow = () => original.apply(this, args);
    if (served === undefined || served.stage === 'served') return emitNow();
    if (served.stage === 'ignored') return withoutScope(emitNow);
    // What others have wrapped around `emit` calls the listeners itself.
    const isNodes = original === EventEmitter.prototype.emit;
    serve(served, isNodes ? () => runListeners(this, event, served) : emitNow);
    return true;
  };
}

/** Whether the application serves a stream itself. A tunnel or a WebSocket (RFC 8441) has no answer to wait for. */
function isServed(server: EventEmitter, event: unknown[]): event is StreamEvent {
  const [stream, headers] = event as Partial<StreamEvent>;
  if (headers === undefined || headers === null || headers[':method'] === 'CONNECT') return false;
  return typeof stream?.respond === 'function' && ownListeners(server).length > 0;
}

function serve(served: ServedStream, runHandler: () => unknown): void {
  const active = contextApi.active();
  // Another instrumentation was configured to ignore this request.
  if (isTracingSuppressed(active)) {
    served.stage = 'served';
    runHandler();
    return;
  }
  const context = served.enter(active);
  const refused = served.begin();
  served.endWithStream(context);
  if (refused !== undefined) {
    served.answerTimeout();
    return;
  }
  const { scope } = served;
  if (scope === undefined) return;
  bindToRequest(scope, served.stream);
  const run = context === active ? runHandler : () => contextApi.with(context, runHandler);
  served.admit(() => runForRequest(scope, run));
}

/** Runs the application's listeners, and keeps what escapes from them at the end of a request from ending the process. */
function runListeners(server: EventEmitter, event: StreamEvent, served: ServedStream): void {
  for (const listener of ownListeners(server)) {
    try {
      const result = listener.apply(server, event);
      if (types.isPromise(result)) trackPromise(result, served);
      else served.track(result);
    } catch (error) {
      if (!isDueToEnd(error, served)) throw error;
      answerEscapedError(error, served);
      break;
    }
  }
}

/** Runs `fn` bound by no scope, also where the server was started inside one. */
function withoutScope<T>(fn: () => T): T {
  const active = contextApi.active();
  return getScope(active) === undefined ? fn() : contextApi.with(deleteScope(active), fn);
}

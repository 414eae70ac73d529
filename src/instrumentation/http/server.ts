import type { EventEmitter } from 'node:events';
import http2 from 'node:http2';
import { context as contextApi } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { deleteScope, getScope } from '../../context/context-scope.js';
import type { Scope } from '../../context/scope/scope.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { admission } from '../inbound/admission/admission.js';
import { bindToRequest, runForRequest } from '../lost-context/lost-contexts.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import type { Settings } from '../settings.js';
import { answerTimeout } from './answer.js';
import { emitInnermost, type RequestEvent } from './handlers/innermost-emit.js';
import { emitBare, runHandlers } from './handlers/run-handlers.js';
import { HttpServedRequest } from './served-request.js';

/** The events by which a server gives a request to the application. */
const REQUEST_EVENTS = new Set(['request', 'checkContinue', 'checkExpectation']);

/** The message of the channel `http.server.request.start`. */
export interface RequestStart {
  readonly request: InboundRequest;
}

/**
 * Gives each inbound request a scope: it has the caller's deadline, is bound to the connection, and completes with the
 * response. The replacement for `emit` of node's servers.
 */
export function wrapEmit(original: Method, patched: Patched<Settings>): Method {
  return function emit(this: EventEmitter, ...args: unknown[]) {
    const { settings } = patched;
    if (settings?.server.admission) admission.noteRead();
    const [name, request, response] = args as [string, InboundRequest, InboundResponse];
    if (settings === undefined || !REQUEST_EVENTS.has(name) || !isExchange(request, response)) {
      return original.apply(this, args);
    }
    const served = HttpServedRequest.of(request, settings);
    if (served.stage === 'ignored') return withoutScope(() => original.apply(this, args));
    const event: RequestEvent = { server: this, name, request, response };
    return emitInnermost(original, event, (passedOn) => deliver(served, passedOn));
  };
}

/** Gives a request to the application: for the first time, or handed on (from 'checkContinue' to 'request'). */
function deliver(served: HttpServedRequest, event: RequestEvent): void {
  if (served.stage === 'arrived') serve(served, event);
  else if (served.scope === undefined) emitBare(event);
  else handOn(served, served.scope, event);
}

/** In the context of the request, also where the work for another request hands it on (a queue in front of a server). */
function handOn(served: HttpServedRequest, scope: Scope, event: RequestEvent): void {
  const run = () => runHandlers(event, served);
  const isInside = getScope(contextApi.active())?.isWithin(scope);
  if (isInside || served.context === undefined) run();
  else contextApi.with(served.context, run);
}

function serve(served: HttpServedRequest, event: RequestEvent): void {
  const { request, response } = event;
  served.receive(request, response);
  const active = contextApi.active();
  // Another instrumentation was configured to ignore this request.
  if (isTracingSuppressed(active)) {
    served.stage = 'served';
    emitBare(event);
    return;
  }
  const context = served.enter(active);
  served.context = context;
  const refused = served.begin();
  served.endWithResponse(context);
  if (refused !== undefined) {
    answerTimeout(request, response);
    return;
  }
  const { scope } = served;
  if (scope === undefined) return;
  bindToRequest(scope, request);
  bindToRequest(scope, response);
  const run = () => runHandlers(event, served);
  served.admit(() => runForRequest(scope, context === contextApi.active() ? run : () => contextApi.with(context, run)));
}

/** Runs `fn` bound by no scope, also where the server was started inside one. */
function withoutScope<T>(fn: () => T): T {
  const active = contextApi.active();
  return getScope(active) === undefined ? fn() : contextApi.with(deleteScope(active), fn);
}

/** Whether both can be served. An application may emit anything by hand: also what cannot be read, or written to. */
function isExchange(request: unknown, response: unknown): boolean {
  try {
    const { headers } = Object(request);
    const { prependListener, on } = Object(response);
    const isEmitter = typeof (prependListener ?? on) === 'function' && Object.isExtensible(response);
    return isEmitter && typeof headers === 'object' && headers !== null;
  } catch {
    return false;
  }
}

/** The prototypes of node:http2's servers, which are not exported. */
export function http2ServerPrototypes(): object[] {
  const plain = http2.createServer();
  const secure = http2.createSecureServer();
  return [Object.getPrototypeOf(plain), Object.getPrototypeOf(secure)];
}

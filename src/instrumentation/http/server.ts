import { EventEmitter } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { type Context, context as contextApi, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { deleteScope, getScope, parentScope, setScope } from '../../context/context-scope.js';
import { record } from '../../events.js';
import { attachInbound, Inbound, inboundOf } from '../../propagation/inbound.js';
import { onChannel } from '../hooks/diagnostics-channel.js';
import { type Method, type Patched, patchMethod } from '../hooks/patch-method.js';
import { extract } from '../hooks/safe-propagation.js';
import { removeFields, untrustedFields } from '../inbound/untrusted-fields.js';
import { bindToRequest, runForRequest } from '../lost-context/lost-contexts.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import type { Settings } from '../settings.js';
import { rejectLate, turnErrorIntoTimeout } from './answer.js';
import { completeWithResponse, transportOf } from './response-close.js';
import { answerForRejections, dispatch, dispatchBare, type RequestEvent } from './run-handlers.js';

/** The events by which a server hands a request to the application. */
const REQUEST_EVENTS = new Set(['request', 'checkContinue', 'checkExpectation']);

/** Published before any listener of the server runs, and so before another instrumentation extracts. Not for http2. */
const REQUEST_START = 'http.server.request.start';

/**
 * Gives each inbound request a scope: with the caller's deadline, bound to the connection, completed by the response.
 * Returns what undoes it.
 */
export function instrumentHttpServers(settings: Settings): () => void {
  const hook = new HttpServerHook(settings);
  const undo = [answerForRejections()];
  if (settings.server.http) {
    undo.push(onChannel<{ request: IncomingMessage }>(REQUEST_START, ({ request }) => hook.announce(request)));
    for (const { prototype } of [http.Server, https.Server]) undo.push(patchMethod(prototype, 'emit', wrapEmit, hook));
  }
  if (settings.server.http2) {
    for (const prototype of http2ServerPrototypes()) undo.push(patchMethod(prototype, 'emit', wrapEmit, hook));
  }
  undo.push(turnErrorIntoTimeout(settings));
  return () => {
    for (const step of undo) step();
  };
}

function wrapEmit(original: Method, patched: Patched<HttpServerHook>): Method {
  return function emit(this: EventEmitter, ...args: unknown[]) {
    const { settings: hook } = patched;
    const name = args[0] as string;
    const request = args[1] as InboundRequest;
    // Anybody may emit anything.
    if (hook === undefined || !REQUEST_EVENTS.has(name) || !Object(request).headers) return original.apply(this, args);
    const inbound = hook.announce(request);
    if (inbound.ignored) return hook.free(() => original.apply(this, args));
    return hook.passInside(original, inbound, { server: this, name, request, response: args[2] as InboundResponse });
  };
}

class HttpInbound extends Inbound {
  /** The context in which it arrived, before anybody could extract. */
  readonly arrivedIn = contextApi.active();
  /** Whether it is left alone. */
  ignored = false;
  /** By which it is on its way to the application. */
  event: RequestEvent | undefined = undefined;
}

/** For a request that is left alone: whoever extracts from it gets a scope that binds nobody. */
function ignoredInbound(): HttpInbound {
  const inbound = new HttpInbound(true, undefined);
  inbound.served = true;
  inbound.ignored = true;
  inbound.bind(undefined).complete();
  return inbound;
}

class HttpServerHook {
  /**
   * Other instrumentations may have wrapped `emit` before or after us. On a stand-in for the server they all do their
   * work, and what comes through to its listeners is inside their spans and contexts.
   */
  private readonly standIn = new EventEmitter();

  constructor(private readonly settings: Settings) {
    for (const name of REQUEST_EVENTS) {
      this.standIn.on(name, ({ headers }) => {
        const inbound = inboundOf(headers) as HttpInbound;
        this.pass(inbound, inbound.event as RequestEvent);
      });
    }
  }

  /** Attaches to the request's headers what whoever extracts from them has to know. */
  announce(request: InboundRequest): HttpInbound {
    const announced = inboundOf(request.headers);
    if (announced !== undefined) return announced as HttpInbound;
    const { server } = this.settings;
    const inbound = server.ignore(request)
      ? ignoredInbound()
      : new HttpInbound(server.trust(request), server.defaultBudget(request));
    attachInbound(request.headers, inbound);
    if (!inbound.trusted) removeFields(request, untrustedFields());
    return inbound;
  }

  /** Runs what an ignored request is for: bound by nobody, also where the server was started inside a scope. */
  free<T>(fn: () => T): T {
    const active = contextApi.active();
    return getScope(active) === undefined ? fn() : contextApi.with(deleteScope(active), fn);
  }

  /** Passes on inside of what others do around `emit`. */
  passInside(original: Method, inbound: HttpInbound, event: RequestEvent): boolean {
    if (original === EventEmitter.prototype.emit) return this.pass(inbound, event);
    const { server, name, request, response } = event;
    inbound.event = event;
    original.call(this.standIn, name, request, response);
    return server.listenerCount(name) > 0;
  }

  /** To the application: the first time, or handed on by itself (from 'checkContinue' to 'request', to another server). */
  private pass(inbound: HttpInbound, event: RequestEvent): boolean {
    if (!inbound.served) return this.serve(inbound, event);
    const { scope } = inbound;
    return scope === undefined ? dispatchBare(event) : dispatch(event, scope, this.settings.enforce);
  }

  private serve(inbound: HttpInbound, event: RequestEvent): boolean {
    const { request, response } = event;
    inbound.served = true;
    const active = contextApi.active();
    // Another instrumentation was told to ignore this request.
    if (isTracingSuppressed(active)) return dispatchBare(event);
    const context = this.contextFor(active, inbound, request, response);
    const scope = inbound.bind(undefined);
    const late = scope.ended() !== undefined;
    completeWithResponse({ request, response, scope, context, late }, this.settings);
    const { enforce } = this.settings;
    if (late) {
      record({ type: 'rejected', side: 'server', transport: transportOf(request) });
      if (enforce) {
        rejectLate(request, response);
        return true;
      }
    }
    bindToRequest(scope, request);
    bindToRequest(scope, response);
    const go = () => dispatch(event, scope, enforce);
    return runForRequest(scope, context === active ? go : () => contextApi.with(context, go));
  }

  /** The context for the handler: with all that the headers hold, which somebody else may have extracted already. */
  private contextFor(
    active: Context,
    inbound: HttpInbound,
    request: InboundRequest,
    response: InboundResponse,
  ): Context {
    // Somebody has extracted into this context already.
    if (inbound.trusted && inbound.scope !== undefined && getScope(active) === inbound.scope) return active;
    const { arrivedIn } = inbound;
    // What was active on arrival is where the server was started, which may have been inside a span.
    const traced = trace.getSpan(active) !== trace.getSpan(arrivedIn);
    const base = active === arrivedIn ? ROOT_CONTEXT : active;
    const extracted = traced ? active : extract(base, request.headers);
    const trusted = inbound.trusted ? extracted : propagation.deleteBaggage(extracted);
    // Another copy of this package, which knows nothing of ours, may have extracted: its scope binds as well.
    const scope = inbound.bind(undefined, inbound.trusted ? parentScope(extracted) : undefined);
    const context = getScope(trusted) === scope ? trusted : setScope(trusted, scope);
    if (context !== active) {
      contextApi.bind(context, request);
      contextApi.bind(context, response);
    }
    return context;
  }
}

/** They are not exported. */
function http2ServerPrototypes(): object[] {
  const plain = http2.createServer();
  const secure = http2.createSecureServer();
  return [Object.getPrototypeOf(plain), Object.getPrototypeOf(secure)];
}

import { AsyncResource } from 'node:async_hooks';
import http, { type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { context as contextApi } from '@opentelemetry/api';
import { getScope } from '../../context/context-scope.js';
import type { EndReason } from '../../errors.js';
import { now } from '../../time/clock.js';
import { onChannel } from '../hooks/diagnostics-channel.js';
import { type Method, type Patched, patchMethod } from '../hooks/patch-method.js';
import { contextForCall } from '../lost-context/lost-contexts.js';
import { noteAnswer } from '../outbound/downstream-timeout.js';
import { rememberInjections } from '../outbound/others-injection.js';
import { callError, OutboundCall, type OutboundTransport, reasonNotToCall } from '../outbound/outbound-call.js';
import type { Settings } from '../settings.js';
import { HttpStamp, type StampedRequest } from './stamp.js';

/** Published, in spite of its name, when the response's head has arrived. */
const RESPONSE_START = 'http.client.response.finish';

const CALL = Symbol('outbound call');

/** Parts of `ClientRequest` and `Agent` that Node has but its types don't name. */
type Request = StampedRequest & {
  /** `null`: nothing binds it. */
  [CALL]?: HttpCall | null;
  readonly agent?: { readonly requests?: Record<string, Request[] | undefined> };
  readonly res?: IncomingMessage | null;
  readonly upgradeOrConnect: boolean;
  onSocket(socket: Socket | null): void;
};

/**
 * Binds each call of node:http and node:https to the scope that it is made under. Every agent's `addRequest` runs as
 * the call is constructed, in the caller's async context, before there is a socket; `onSocket` sees the calls that have
 * no such agent (`createConnection`, or an agent that is none of Node's). Returns what undoes it.
 */
export function instrumentHttpClient(settings: Settings): () => void {
  const undo = [
    rememberInjections(),
    patchMethod(http.Agent.prototype, 'addRequest', wrapAddRequest, settings),
    patchMethod(http.ClientRequest.prototype, 'onSocket', wrapOnSocket, settings),
    onChannel<{ request: Request; response: IncomingMessage }>(RESPONSE_START, ({ request, response }) => {
      if (request[CALL]) noteAnswer(response.statusCode ?? 0, (name) => response.headers[name], 'http');
    }),
  ];
  return () => {
    for (const step of undo) step();
  };
}

function wrapAddRequest(original: Method, patched: Patched<Settings>): Method {
  return function addRequest(this: unknown, ...args: unknown[]) {
    const { settings } = patched;
    if (settings === undefined) return original.apply(this, args);
    const request = args[0] as Request;
    // An agent may pass on a request that has begun at another one.
    if (request[CALL] === undefined && !begin(request, settings, args[1])) return request.onSocket(null);
    try {
      original.apply(this, args);
      const call = request[CALL];
      if (call && !call.handedOver) call.waits = true;
    } catch (error) {
      // A port out of range, for one: the request never comes to life, and so never to its end.
      request[CALL]?.bound?.release();
      throw error;
    }
  };
}

function wrapOnSocket(original: Method, patched: Patched<Settings>): Method {
  return function onSocket(this: Request, ...args: unknown[]) {
    const { settings } = patched;
    if (settings === undefined) return original.apply(this, args);
    const socket = args[0] as Socket | null;
    if (this[CALL] === undefined) begin(this, settings);
    const call = this[CALL];
    // It was aborted while its agent made the connection, which is for the next call now.
    if (call?.handedOver) return void socket?.emit('free');
    call?.handOver(socket);
    return original.apply(this, args);
  };
}

/**
 * Stamps a call and binds it to its scope. Returns whether it may go on: if not, it fails when it gets a socket.
 *
 * @param options what the request was made with, where that is known
 */
function begin(request: Request, settings: Settings, options?: unknown): boolean {
  request[CALL] = null;
  if (settings.client.ignore?.(targetOf(request))) return true;
  const context = contextForCall(contextApi.active(), 'http');
  const scope = getScope(context);
  const instant = now();
  const refusal = reasonNotToCall(scope, 'http', instant);
  if (refusal !== undefined && settings.enforce) {
    const error = callError(refusal, targetOf(request));
    // As other errors do, it comes when the caller has had the time to listen, and to pipe his body into the request.
    process.nextTick(() => {
      expectError(request);
      request.destroy(error);
    });
    return false;
  }
  const stamp = new HttpStamp(context, request, Object(options).headers, instant);
  const call = new HttpCall(request, settings.enforce, stamp);
  // Before it is bound, because that may end it at once.
  request[CALL] = call;
  call.bound = OutboundCall.start(scope, call, stamp.until);
  if (call.bound === undefined) {
    request[CALL] = null;
    return true;
  }
  call.madeIn = new AsyncResource('OutboundCall', { requireManualDestroy: true });
  // Comes after an upgrade as well: then the socket belongs to somebody else.
  request.on('close', release);
  return true;
}

function release(this: Request): void {
  this[CALL]?.bound?.release();
}

/** A call that its scope may abort. */
class HttpCall implements OutboundTransport {
  readonly name = 'http';
  bound: OutboundCall | undefined = undefined;
  /** Its caller's async context, which his listeners are to run in: the end of a scope comes from anywhere. */
  madeIn: AsyncResource | undefined = undefined;
  /** Whether it has been given a socket, or told that it gets none. It takes note of either in the next tick. */
  handedOver = false;
  /** Whether its agent had no socket for it at once. */
  waits = false;

  constructor(
    private readonly request: Request,
    readonly enforce: boolean,
    private readonly stamp: HttpStamp,
  ) {}

  handOver(socket: Socket | null): void {
    this.handedOver = true;
    // What it was told is too much now.
    if (this.waits && socket !== null && this.bound) this.stamp.countDown(this.request, this.bound.remaining());
  }

  abort(reason: EndReason): void {
    if (this.request.upgradeOrConnect) return;
    if (this.madeIn === undefined) this.destroy(reason);
    else this.madeIn.runInAsyncScope(this.destroy, this, reason);
  }

  private destroy(reason: EndReason): void {
    const { request } = this;
    expectError(request);
    const error = callError(reason, targetOf(request));
    const { res: response } = request;
    // After the headers, destroying the request would show the reader of the body an ECONNRESET. A response that has
    // been read to its end, though, can't stop an upload any more.
    if (response && !response.destroyed) response.destroy(error);
    else request.destroy(error);
    if (this.handedOver) return;
    // It would get its error only when its agent has a socket for it.
    takeFromQueue(request);
    request.onSocket(null);
  }
}

/** An abort of ours must not crash a process whose code has no listener for 'error'. */
function expectError(request: Request): void {
  if (request.listenerCount('error') === 0) request.on('error', () => {});
}

function takeFromQueue(request: Request): void {
  const queues = request.agent?.requests ?? {};
  for (const [name, queue] of Object.entries(queues)) {
    const index = queue?.indexOf(request) ?? -1;
    if (queue === undefined || index === -1) continue;
    queue.splice(index, 1);
    if (queue.length === 0) delete queues[name];
  }
}

/** Method, origin and path. The query and the userinfo may hold secrets. */
function targetOf(request: Request): string {
  const path = request.path.split(/[?#]/, 1)[0] ?? '';
  // What is asked of a proxy is a whole URL.
  const origin = /^[a-z]+:\/\//i.test(path) ? '' : `${request.protocol}//${hostOf(request)}`;
  return `${request.method} ${origin}${path.replace(/^([a-z]+:\/\/)[^/]*@/i, '$1')}`;
}

function hostOf(request: Request): unknown {
  // Headers that were given as an array are known as text only.
  return request.getHeader('host') ?? /\r\nhost: *([^\r]*)/i.exec(request._header ?? '')?.[1] ?? request.host;
}

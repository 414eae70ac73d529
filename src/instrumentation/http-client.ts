import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import { type Context, context as contextApi, propagation } from '@opentelemetry/api';
import type { EndReason } from '../errors.js';
import { TIMEBUDGET } from '../propagation/deadline-propagator.js';
import type { InstrumentationSettings } from './options.js';
import { callError, OutboundCall, reasonNotToCall } from './outbound-call.js';
import { type Method, patchMethod } from './patch.js';

/** Parts of `ClientRequest` and `Agent` that Node has but its types don't name. */
type Request = ClientRequest & {
  readonly res?: IncomingMessage | null;
  readonly _header: string | null;
  readonly upgradeOrConnect: boolean;
  onSocket(socket: null): void;
};
interface Agent {
  readonly requests: Record<string, Request[] | undefined>;
}

/**
 * Binds each call of node:http and node:https to the scope that it is made under. Every agent's `addRequest` runs as
 * the call is constructed, in the caller's async context, before there is a socket. Returns what undoes it.
 */
export function instrumentHttpClient(settings: InstrumentationSettings): () => void {
  return patchMethod(http.Agent.prototype, 'addRequest', (original) => wrapAddRequest(original, settings));
}

function wrapAddRequest(original: Method, settings: InstrumentationSettings): Method {
  const { enforce } = settings;
  return function addRequest(this: Agent, request: Request, ...rest: unknown[]) {
    if (settings.client.ignores?.(targetOf(request))) return original.call(this, request, ...rest);
    const context = contextApi.active();
    const refusal = reasonNotToCall(context, 'http');
    if (refusal !== undefined && enforce) return refuse(request, refusal);
    const transport = { name: 'http', enforce, abort: (reason: EndReason) => abort(this, request, reason) } as const;
    const call = OutboundCall.start(context, transport, stamp(context, request));
    // Comes after an upgrade as well: then the socket belongs to somebody else.
    if (call !== undefined) request.once('close', () => call.release());
    return original.call(this, request, ...rest);
  };
}

/** Writes the fields. Returns the budget that was written, in ms; `Infinity` when none was. */
function stamp(context: Context, request: Request): number {
  // Headers that were given as an array have been written already.
  if (request._header !== null) return Number.POSITIVE_INFINITY;
  const injectsAlone = !('__wrapped' in http.request);
  let stamped = Number.POSITIVE_INFINITY;
  propagation.inject(context, request, {
    set(_, field, value) {
      // The last word on the budget is ours: the instrumentation's was written before the request was made.
      if (field === TIMEBUDGET) stamped = Number(value);
      else if (!injectsAlone || request.hasHeader(field)) return;
      request.setHeader(field, value);
    },
  });
  return stamped;
}

/** Lets a call fail before it has a socket. */
function refuse(request: Request, reason: EndReason): void {
  // A listener for 'error' may still be added by the code that makes the call: looked for just before it is emitted.
  process.nextTick(() => expectError(request));
  request.destroy(callError(reason, targetOf(request)));
  request.onSocket(null);
}

function abort(agent: Agent, request: Request, reason: EndReason): void {
  if (request.upgradeOrConnect) return;
  expectError(request);
  const error = callError(reason, targetOf(request));
  // After the headers, destroying the request would show the reader of the body an ECONNRESET.
  if (request.res) request.res.destroy(error);
  else request.destroy(error);
  // A call that waits for a socket would get its error only when it has one.
  if (request.socket === null && takeFromQueue(agent, request)) request.onSocket(null);
}

/** An abort of ours must not crash a process whose code has no listener for 'error'. */
function expectError(request: Request): void {
  if (request.listenerCount('error') === 0) request.on('error', () => {});
}

function takeFromQueue(agent: Agent, request: Request): boolean {
  for (const [name, queue] of Object.entries(agent.requests)) {
    const index = queue?.indexOf(request) ?? -1;
    if (queue === undefined || index === -1) continue;
    queue.splice(index, 1);
    if (queue.length === 0) delete agent.requests[name];
    return true;
  }
  return false;
}

/** Method, origin and path. The query and the userinfo may hold secrets. */
function targetOf(request: Request): string {
  const path = request.path.split(/[?#]/, 1)[0];
  return `${request.method} ${request.protocol}//${request.getHeader('host') ?? request.host}${path}`;
}

import http, { type IncomingMessage, ServerResponse } from 'node:http';
import http2 from 'node:http2';
import type { Scope } from '../context/scope.js';
import { isDeadlineExceeded } from '../errors.js';
import { TIMEBUDGET } from '../propagation/deadline-propagator.js';
import type { InboundRequest, InboundResponse, InstrumentationSettings } from './options.js';
import { type Method, patchMethod } from './patch.js';

const SCOPE = Symbol('inbound scope');

interface ScopedResponse {
  [SCOPE]?: Scope;
  statusCode: number;
  statusMessage: string;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
}

/** Says which scope a response belongs to. */
export function setResponseScope(response: InboundResponse, scope: Scope): void {
  (response as unknown as ScopedResponse)[SCOPE] = scope;
}

/** Answers a request that arrived too late. `timebudget: 0` tells this 504 from a proxy's own. */
export function rejectLate(request: InboundRequest, response: InboundResponse): void {
  const headers: Record<string, string> = { [TIMEBUDGET]: '0', 'content-type': 'text/plain; charset=utf-8' };
  // Node drains the body of a request whose connection stays open, however long it is.
  if (response instanceof ServerResponse && hasBody(request as IncomingMessage)) headers.connection = 'close';
  (response as ServerResponse).writeHead(504, headers).end('deadline exceeded\n');
}

/**
 * Turns an answer of exactly 500 into 504 when its scope has run out: `fetch` and others wrap the reason of an abort,
 * and a framework that does not see the reason's status answers 500. Returns what undoes it.
 */
export function turnErrorIntoTimeout(settings: InstrumentationSettings): () => void {
  if (!settings.enforce || settings.server.keepStatus) return () => {};
  const undo = [patchMethod(http.ServerResponse.prototype, 'writeHead', wrapWriteHead)];
  // http2's response writes its head without a call that could be seen, at the first byte or at the end.
  for (const name of ['writeHead', 'write', 'end']) {
    const wrap = name === 'writeHead' ? wrapWriteHead : wrapBody;
    undo.push(patchMethod(http2.Http2ServerResponse.prototype, name, wrap));
  }
  return () => {
    for (const step of undo) step();
  };
}

function wrapWriteHead(original: Method): Method {
  return function writeHead(this: ScopedResponse, ...args: unknown[]) {
    const [status, reason, headers] = args;
    if (Number(status) !== 500 || !ranOut(this)) return original.apply(this, args);
    markTimeout(this);
    return original.call(this, 504, typeof reason === 'string' ? headers : reason);
  };
}

function wrapBody(original: Method): Method {
  return function writeBody(this: ScopedResponse, ...args: unknown[]) {
    if (this.statusCode === 500 && !this.headersSent && ranOut(this)) markTimeout(this);
    return original.apply(this, args);
  };
}

function markTimeout(response: ScopedResponse): void {
  response.statusCode = 504;
  response.statusMessage = 'Gateway Timeout';
  response.setHeader(TIMEBUDGET, '0');
}

function ranOut(response: ScopedResponse): boolean {
  return isDeadlineExceeded(response[SCOPE]?.ended()?.reason);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

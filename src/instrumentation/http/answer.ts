import http, { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import http2 from 'node:http2';
import type { Scope } from '../../context/scope/scope.js';
import { isDeadlineExceeded } from '../../errors.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import { type Method, type Patched, patchMethod } from '../hooks/patch-method.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import type { Settings } from '../settings.js';

const SCOPE = Symbol('inbound scope');

interface ScopedResponse {
  [SCOPE]?: Scope;
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
 * and a framework that does not see the reason's status answers 500. One that sees it answers 504, which then says as
 * well that the time ran out here. Returns what undoes it.
 */
export function turnErrorIntoTimeout(settings: Settings): () => void {
  if (!settings.enforce || settings.server.keepStatus) return () => {};
  // A head that is written by `write`, `end` or `flushHeaders` goes through `writeHead` as well.
  const undo = [
    patchMethod(http.ServerResponse.prototype, 'writeHead', wrapWriteHead, [STATUS_CODES[504]]),
    // HTTP/2 has no reason phrase, and Node warns of one.
    patchMethod(http2.Http2ServerResponse.prototype, 'writeHead', wrapWriteHead, []),
  ];
  return () => {
    for (const step of undo) step();
  };
}

/** Its settings: the reason phrase of 504, where there is one. */
function wrapWriteHead(original: Method, patched: Patched<unknown[]>): Method {
  return function writeHead(this: ScopedResponse, ...args: unknown[]) {
    const { settings: reasonPhrase } = patched;
    const status = Number(args[0]);
    if (reasonPhrase === undefined || !(status === 500 || status === 504) || this.headersSent || !ranOut(this)) {
      return original.apply(this, args);
    }
    const [, reason, headers] = args;
    const worded = typeof reason === 'string';
    const words = status === 504 ? (worded ? [reason] : []) : reasonPhrase;
    return original.call(this, 504, ...words, withExhausted(this, worded ? headers : (headers ?? reason)));
  };
}

/** Adds the field to the headers given to `writeHead`: in an array, where names may repeat, else on the response. */
function withExhausted(response: ScopedResponse, headers: unknown): unknown {
  // Node would merge an array into headers that were set on the response, and so drop all but one of a name.
  if (Array.isArray(headers) && headers.length > 0) {
    return headers.concat(Array.isArray(headers[0]) ? [[TIMEBUDGET, '0']] : [TIMEBUDGET, '0']);
  }
  response.setHeader(TIMEBUDGET, '0');
  return headers;
}

function ranOut(response: ScopedResponse): boolean {
  return isDeadlineExceeded(response[SCOPE]?.ended()?.reason);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

import { type IncomingMessage, ServerResponse } from 'node:http';
import { isDeadlineExceeded } from '../../errors.js';
import { SERVED_REQUEST } from '../../private-keys.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import type { ServedRequest } from '../inbound/served-request.js';
import type { InboundRequest, InboundResponse } from '../options.js';

/** Answers a request whose time is up. `timebudget: 0` tells this 504 from a proxy's own. */
export function answerTimeout(request: InboundRequest, response: InboundResponse): void {
  const headers: Record<string, string> = { [TIMEBUDGET]: '0', 'content-type': 'text/plain; charset=utf-8' };
  // Node reads the body of a request to its end, however long it is, while the connection stays open.
  if (response instanceof ServerResponse && hasBody(request as IncomingMessage)) headers.connection = 'close';
  (response as ServerResponse).writeHead(504, headers).end('deadline exceeded\n');
}

/** `response` answers `served`: `writeHead` looks whether the time of that request is up. */
export function setServedRequest(response: object, served: ServedRequest): void {
  (response as { [SERVED_REQUEST]?: ServedRequest })[SERVED_REQUEST] = served;
}

/** The part of a response that `writeHead` needs. */
interface Head {
  readonly [SERVED_REQUEST]?: ServedRequest;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
}

/**
 * Turns an answer of exactly 500 into 504 when the time of its request is up: `fetch` and others wrap the reason of an
 * abort, and a framework that does not see the reason's status answers 500. A framework that does see it answers 504, and
 * gets `timebudget: 0` added. Heads that are written by `write`, `end` or `flushHeaders` come through `writeHead` as well.
 *
 * The settings are the words after the status 504, if any: HTTP/2 has none.
 */
export function wrapWriteHead(original: Method, patched: Patched<readonly string[]>): Method {
  return function writeHead(this: Head, ...args: unknown[]) {
    const { settings: timeoutPhrase } = patched;
    const status = Number(args[0]);
    const concerns = status === 500 || status === 504;
    if (timeoutPhrase === undefined || !concerns || this.headersSent || !isTimeUp(this)) {
      return original.apply(this, args);
    }
    const [, second, third] = args;
    const hasPhrase = typeof second === 'string';
    const ownPhrase = hasPhrase ? [second] : [];
    const phrase = status === 504 ? ownPhrase : timeoutPhrase;
    return original.call(this, 504, ...phrase, withExhaustedBudget(this, hasPhrase ? third : (third ?? second)));
  };
}

/** Adds the field to the headers given to `writeHead`: in an array, where names may repeat, else on the response. */
function withExhaustedBudget(response: Head, headers: unknown): unknown {
  // Node merges an array into headers that were set on the response, and keeps one of each name.
  if (Array.isArray(headers) && headers.length > 0) {
    return headers.concat(Array.isArray(headers[0]) ? [[TIMEBUDGET, '0']] : [TIMEBUDGET, '0']);
  }
  response.setHeader(TIMEBUDGET, '0');
  return headers;
}

function isTimeUp(response: { readonly [SERVED_REQUEST]?: ServedRequest }): boolean {
  return isDeadlineExceeded(response[SERVED_REQUEST]?.scope?.ended()?.reason);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

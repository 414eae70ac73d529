import { type IncomingMessage, ServerResponse } from 'node:http';
import { isDeadlineExceeded } from '../../errors.js';
import { SERVED_REQUEST } from '../../private-keys.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import type { ServedRequest } from '../inbound/served-request.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import { answerOf } from './deadline-answer.js';
import { answerInPlace } from './handlers/mute-response.js';
import { type Answer, isConnectUnary, type RpcError, rpcAnswer } from './rpc.js';

const DEADLINE_EXCEEDED: RpcError = {
  code: 'deadline_exceeded',
  message: 'deadline exceeded',
  grpcStatus: '4',
  status: 504,
};
const OVERLOADED: RpcError = {
  code: 'resource_exhausted',
  message: 'too many requests wait',
  grpcStatus: '8',
  status: 503,
};
const INTERNAL: RpcError = { code: 'internal', message: 'internal error', grpcStatus: '13', status: 500 };

/**
 * Answers a request whose time is up. `timebudget: 0` tells a 504 of ours from a proxy's own.
 *
 * @param isExhausted whether it is the caller's budget that has run out
 */
export function answerTimeout(request: InboundRequest, response: InboundResponse, isExhausted = true): void {
  send(request, response, timeoutAnswer(request, isExhausted));
}

/** The answer to a request whose time is up. Parameters as for {@link answerTimeout}. */
export function timeoutAnswer(request: InboundRequest, isExhausted = true): Answer {
  const answer = answerFor(request, DEADLINE_EXCEEDED);
  if (answer.status !== 504 || !isExhausted) return answer;
  return { ...answer, headers: { [TIMEBUDGET]: '0', ...answer.headers } };
}

/** Answers a request for which there is no room. The caller may try again: it has lost hardly any time. */
export function answerOverload(request: InboundRequest, response: InboundResponse): void {
  response.setHeader('retry-after', '1');
  send(request, response, answerFor(request, OVERLOADED));
}

/** Answers a request that has failed though its time is not up. */
export function answerInternalError(request: InboundRequest, response: InboundResponse): void {
  send(request, response, answerFor(request, INTERNAL));
}

function answerFor(request: InboundRequest, error: RpcError): Answer {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  const { body, ...answer } = rpcAnswer(request, error) ?? {
    status: error.status,
    headers,
    body: `${error.message}\n`,
  };
  if (body === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'content-length': String(Buffer.byteLength(body)) }, body };
}

function send(request: InboundRequest, response: InboundResponse, { status, headers, body }: Answer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const isHttp1 = response instanceof ServerResponse;
  // Node reads the body of a request to its end, however long it is, while the connection stays open.
  if (isHttp1 && hasBody(request as IncomingMessage)) response.setHeader('connection', 'close');
  // Not `writeHead`: over HTTP/2 a gRPC status without a body has to end the stream in the frame of its head.
  (response as ServerResponse).end(body);
}

/** `response` answers `served`: `writeHead` looks whether the time of that request is up. */
export function setServedRequest(response: object, served: ServedRequest): void {
  (response as { [SERVED_REQUEST]?: ServedRequest })[SERVED_REQUEST] = served;
}

export interface HeadSettings {
  /** The words after the status 504, if any: HTTP/2 has none. `undefined`: an answer of 500 stays as it is. */
  readonly timeoutPhrase: readonly string[] | undefined;
}

/** The part of a response that `writeHead` needs. */
interface Head {
  readonly [SERVED_REQUEST]?: ServedRequest;
  readonly req?: InboundRequest;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
}

/**
 * Turns an answer of exactly 500 into 504 when the time of its request is up: `fetch` and others wrap the reason of an
 * abort, and a framework that does not see the reason's status answers 500. A framework that does see it answers 504, and
 * gets `timebudget: 0` added. Heads that are written by `write`, `end` or `flushHeaders` come through `writeHead` as well.
 * A 500 of Connect is replaced with its body, which says `internal`: a client takes the code from there.
 *
 * A response that has been answered at its deadline swallows the head.
 */
export function wrapWriteHead(original: Method, patched: Patched<HeadSettings>): Method {
  return function writeHead(this: Head, ...args: unknown[]) {
    const given = answerOf(this);
    if (given !== undefined) return given.isOwn ? original.apply(this, args) : given.writeHead(this, original);
    const timeoutPhrase = patched.settings?.timeoutPhrase;
    const status = Number(args[0]);
    const concerns = status === 500 || status === 504;
    const stays = timeoutPhrase === undefined || !concerns || this.headersSent || !isTimeUp(this);
    if (stays) return original.apply(this, args);
    const { req: request } = this;
    if (status === 500 && request !== undefined && isConnectUnary(request)) {
      const response = this as unknown as InboundResponse;
      answerInPlace(response, () => answerTimeout(request, response));
      return this;
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
  return isDeadlineExceeded(response[SERVED_REQUEST]?.scope?.outcome()?.reason);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

import { type IncomingMessage, ServerResponse } from 'node:http';
import { SERVED_REQUEST } from '../../private-keys.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { ServedRequest } from '../inbound/served-request.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import { type Answer, type RpcError, rpcAnswer } from './rpc.js';

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

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

import { type IncomingMessage, ServerResponse } from 'node:http';
import { SERVED_REQUEST } from '../../private-keys.js';
import { type Answer, internalErrorAnswer, overloadAnswer, timeoutAnswer } from '../inbound/rpc-answer.js';
import type { ServedRequest } from '../inbound/served-request.js';
import type { InboundRequest, InboundResponse } from '../options.js';

/** @param isExhausted whether it is the caller's budget that has run out */
export function answerTimeout(request: InboundRequest, response: InboundResponse, isExhausted = true): void {
  send(request, response, timeoutAnswer(request, isExhausted));
}

export function answerOverload(request: InboundRequest, response: InboundResponse): void {
  send(request, response, overloadAnswer(request));
}

export function answerInternalError(request: InboundRequest, response: InboundResponse): void {
  send(request, response, internalErrorAnswer(request));
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

import type { IncomingHttpHeaders } from 'node:http';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';

/** The part of a request that its answer depends on. */
export interface AnsweredRequest {
  readonly headers: IncomingHttpHeaders;
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** An answer of HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An error as the protocols have it: https://connectrpc.com/docs/protocol#error-codes */
interface RpcError {
  /** Of Connect. */
  readonly code: string;
  readonly message: string;
  readonly grpcStatus: string;
  /** Of HTTP, for a unary call of Connect. */
  readonly status: number;
}

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
 * The answer to a request whose time is up. `timebudget: 0` tells a 504 of ours from a proxy's own.
 *
 * @param isExhausted whether it is the caller's budget that has run out
 */
export function timeoutAnswer(request: AnsweredRequest, isExhausted = true): Answer {
  const answer = answerFor(request, DEADLINE_EXCEEDED);
  return answer.status === 504 && isExhausted ? withField(answer, TIMEBUDGET, '0') : answer;
}

/** The answer to a request for which there is no room. The caller may try again: it has lost hardly any time. */
export function overloadAnswer(request: AnsweredRequest): Answer {
  return withField(answerFor(request, OVERLOADED), 'retry-after', '1');
}

/** The answer to a request that has failed though its time is not up. */
export function internalErrorAnswer(request: AnsweredRequest): Answer {
  return answerFor(request, INTERNAL);
}

function withField(answer: Answer, name: string, value: string): Answer {
  return { ...answer, headers: { [name]: value, ...answer.headers } };
}

function answerFor(request: AnsweredRequest, error: RpcError): Answer {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  const { body, ...answer } = rpcAnswer(request, error) ?? {
    status: error.status,
    headers,
    body: `${error.message}\n`,
  };
  if (body === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'content-length': String(Buffer.byteLength(body)) }, body };
}

/**
 * The answer to a call of gRPC, gRPC-Web or Connect that fails with `error`; `undefined` for any other request. The clients
 * of these protocols would take a bare 504 for a server that is unavailable, and perhaps try again.
 */
function rpcAnswer(request: AnsweredRequest, error: RpcError): Answer | undefined {
  const { code, message, grpcStatus, status } = error;
  const type = contentType(request);
  // gRPC's "Trailers-Only", which gRPC-Web knows as well.
  if (type.startsWith('application/grpc')) {
    return { status: 200, headers: { 'content-type': type, 'grpc-status': grpcStatus, 'grpc-message': message } };
  }
  if (type.startsWith('application/connect+')) {
    return { status: 200, headers: { 'content-type': type }, body: endOfStream({ error: { code, message } }) };
  }
  if (!isConnectUnary(request)) return undefined;
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code, message }) };
}

/**
 * Whether a request is a unary call of Connect. A call in JSON without the version of the protocol, as a person may send
 * it by hand, looks like any other request.
 */
export function isConnectUnary(request: AnsweredRequest): boolean {
  const { headers, method, url = '' } = request;
  if (method === 'GET') return /[?&]connect=v1(&|$)/.test(url);
  return headers['connect-protocol-version'] !== undefined || contentType(request) === 'application/proto';
}

function contentType({ headers }: AnsweredRequest): string {
  return headers['content-type']?.toLowerCase() ?? '';
}

/** The last message of a stream of Connect: the flag for it, the length in 4 bytes, and JSON. */
function endOfStream(message: object): Buffer {
  const json = Buffer.from(JSON.stringify(message));
  const head = Buffer.from([0x02, 0, 0, 0, 0]);
  head.writeUInt32BE(json.length, 1);
  return Buffer.concat([head, json]);
}

import type { InboundRequest } from '../options.js';

/** An answer of HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An error as the protocols have it: https://connectrpc.com/docs/protocol#error-codes */
export interface RpcError {
  /** Of Connect. */
  readonly code: string;
  readonly message: string;
  readonly grpcStatus: string;
  /** Of HTTP, for a unary call of Connect. */
  readonly status: number;
}

/**
 * The answer to a call of gRPC, gRPC-Web or Connect that fails with `error`; `undefined` for any other request. The clients
 * of these protocols would take a bare 504 for a server that is unavailable, and perhaps try again.
 */
export function rpcAnswer(request: InboundRequest, error: RpcError): Answer | undefined {
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
export function isConnectUnary(request: InboundRequest): boolean {
  const { headers, method, url = '' } = request;
  if (method === 'GET') return /[?&]connect=v1(&|$)/.test(url);
  return headers['connect-protocol-version'] !== undefined || contentType(request) === 'application/proto';
}

function contentType({ headers }: InboundRequest): string {
  return headers['content-type']?.toLowerCase() ?? '';
}

/** The last message of a stream of Connect: the flag for it, the length in 4 bytes, and JSON. */
function endOfStream(message: object): Buffer {
  const json = Buffer.from(JSON.stringify(message));
  const head = Buffer.from([0x02, 0, 0, 0, 0]);
  head.writeUInt32BE(json.length, 1);
  return Buffer.concat([head, json]);
}

import { connectTimeoutMs } from '../wire/formats/connect-timeout-ms.js';
import { type DeadlineFormat, NO_DEADLINE } from '../wire/formats/deadline-format.js';
import { grpcTimeout } from '../wire/formats/grpc-timeout.js';

// Connect, gRPC and gRPC-Web have a field of their own for the timeout of a call. A peer that does not know this package
// stops in time when it gets that field as well.

const FORMATS: Record<string, DeadlineFormat> = {
  [connectTimeoutMs.field]: connectTimeoutMs,
  [grpcTimeout.field]: grpcTimeout,
};

/**
 * The field for the timeout of a call of Connect, gRPC or gRPC-Web; `undefined` for any other call. (Connect protocol,
 * sections Unary-Request and Streaming-Request; gRPC over HTTP/2, section Requests.)
 *
 * @param fieldOf the call's field of a name, in lower case; empty where there is none
 */
export function rpcTimeoutField(fieldOf: (name: string) => string): string | undefined {
  const type = fieldOf('content-type').toLowerCase();
  if (type.startsWith('application/grpc')) return grpcTimeout.field;
  const isConnect = type.startsWith('application/connect+') || fieldOf('connect-protocol-version') !== '';
  return isConnect ? connectTimeoutMs.field : undefined;
}

/**
 * The value of such a field: the shorter one of `own`, which the library has written, and `budget`.
 *
 * @param budget whole ms
 */
export function shortenRpcTimeout(field: string, own: string, budget: number): string {
  const format = FORMATS[field] as DeadlineFormat;
  const limit = (own && format.parse(own, Date)) || NO_DEADLINE;
  return limit <= budget ? own : format.format(budget, Date);
}

import { connectTimeoutMs } from '../wire/formats/connect-timeout-ms.js';
import type { DeadlineFormat } from '../wire/formats/deadline-format.js';
import { grpcTimeout } from '../wire/formats/grpc-timeout.js';
import type { DeadlineWriter } from './deadline-setter.js';
import { ownLimit } from './own-limit.js';

// Connect, gRPC and gRPC-Web have a field of their own for the timeout of a call. A peer that does not know this package
// stops in time when it gets that field as well.

/** What tells whether a call is one of Connect, gRPC or gRPC-Web. */
export interface PossibleRpc {
  /** The call's field of a name, in lower case; empty where there is none. */
  field(name: string): string;
  /** With the query. */
  readonly path: string;
}

/**
 * The format of the timeout of a call; `undefined` for a call of another protocol. (Connect protocol, sections Unary-Request,
 * Unary-Get-Request and Streaming-Request; gRPC over HTTP/2, section Requests.)
 */
export function rpcTimeoutFormat(call: PossibleRpc): DeadlineFormat | undefined {
  const type = call.field('content-type');
  // A call by GET has no body, and tells its protocol in the query.
  if (type === '') return /[?&]connect=v1(?:&|$)/.test(call.path) ? connectTimeoutMs : undefined;
  if (!/^application\//i.test(type)) return undefined;
  if (/^application\/grpc/i.test(type)) return grpcTimeout;
  const isConnect = /^application\/connect\+/i.test(type) || call.field('connect-protocol-version') !== '';
  return isConnect ? connectTimeoutMs : undefined;
}

/**
 * A writer that also writes the timeout of the call's protocol: the budget, or the shorter limit that the library has set
 * for the call itself. `writer` where the call has another protocol.
 */
export function withRpcTimeout(writer: DeadlineWriter, call: PossibleRpc): DeadlineWriter {
  const format = rpcTimeoutFormat(call);
  if (format === undefined) return writer;
  const { field } = format;
  return {
    fields: () => [...new Set([...writer.fields(), field])],
    fieldsRead: () => writer.fieldsRead(),
    write(ms, carrier, setter) {
      const own = setter.get?.(carrier, field);
      const isShorter = ownLimit(format, carrier, setter) <= ms;
      writer.write(ms, carrier, setter);
      setter.set(carrier, field, isShorter ? String(own) : format.format(ms, Date));
    },
  };
}

import type { ClientRequest } from 'node:http';
import type { PossibleRpc } from '../../propagation/rpc-timeout.js';

/** What tells whether a call is one of Connect, gRPC or gRPC-Web. */
export function rpcOf(request: ClientRequest): PossibleRpc {
  return { field: (name) => String(request.getHeader(name) ?? ''), path: request.path };
}

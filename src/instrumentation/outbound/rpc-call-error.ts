import { type EndReason, isDeadlineExceeded } from '../../errors.js';
import { type PossibleRpc, rpcTimeoutFormat } from '../../propagation/rpc-timeout.js';
import { callError } from './call-error.js';

/** https://connectrpc.com/docs/protocol#error-codes; the numbers are those of gRPC. */
const CODES = { canceled: 1, deadline_exceeded: 4 } as const;

/**
 * Whether a call is made by a client of Connect, over any of its protocols. One that has a `user-agent` of its own is not
 * recognised over gRPC. (In browsers the field is `x-user-agent`.)
 */
export function isOfConnect(call: PossibleRpc): boolean {
  if (rpcTimeoutFormat(call)?.field === 'connect-timeout-ms') return true;
  return [call.field('user-agent'), call.field('x-user-agent')].some((agent) => agent.startsWith('connect-es/'));
}

/**
 * The error that a call of Connect fails with. Connect takes an error for `internal` or `unknown`, whatever its code, unless
 * it has the shape of a `ConnectError`, which may come from another copy of that package.
 */
export function connectError(error: EndReason): Error {
  const code = isDeadlineExceeded(error) ? 'deadline_exceeded' : 'canceled';
  const { message: rawMessage } = error;
  return Object.assign(new Error(`[${code}] ${rawMessage}`, { cause: error }), {
    name: 'ConnectError',
    code: CODES[code],
    rawMessage,
    metadata: new Headers(),
    details: [],
  });
}

/** The error that a call fails with, in the words of its client. For Connect the `cause` is our error with the target. */
export function rpcCallError(reason: EndReason, target: string, ofConnect: boolean): Error {
  const error = callError(reason, target);
  return ofConnect ? connectError(error) : error;
}

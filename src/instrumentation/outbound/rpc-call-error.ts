import { type EndReason, isDeadlineExceeded } from '../../errors.js';
import { callError } from './call-error.js';

/** Of the clients of Connect: in browsers the field is `x-user-agent`. */
const CONNECT = /^connect-es\//;

/** https://connectrpc.com/docs/protocol#error-codes; the numbers are those of gRPC. */
const CODES = { canceled: 1, deadline_exceeded: 4 } as const;

/**
 * The error that a call fails with, in the words of its client: Connect takes an error for `internal`, whatever its code,
 * unless it has the shape of a `ConnectError`, which may come from another copy of that package. The `cause` is an error of
 * ours with the target of the call.
 *
 * @param userAgent of the call
 */
export function rpcCallError(reason: EndReason, target: string, userAgent: string): Error {
  const error = callError(reason, target);
  if (!CONNECT.test(userAgent)) return error;
  const code = isDeadlineExceeded(reason) ? 'deadline_exceeded' : 'canceled';
  const { message: rawMessage } = error;
  return Object.assign(new Error(`[${code}] ${rawMessage}`, { cause: error }), {
    name: 'ConnectError',
    code: CODES[code],
    rawMessage,
    metadata: new Headers(),
    details: [],
  });
}

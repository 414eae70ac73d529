import { callBackLater } from '../hooks/call-back-later.js';
import type { ServerCall } from './surface.js';

/** Of a call: what its answer is written to, perhaps by way of interceptors. */
interface WrittenTo {
  readonly nextCall?: WrittenTo;
  readonly metadataSent?: unknown;
}

/**
 * Whether a call can still be answered with a status alone.
 *
 * WORKAROUND @grpc/grpc-js >=1.10: nothing public tells whether the head of an answer has been sent (no issue known); remove
 * when a call has such a property.
 */
export function isUnanswered(call: ServerCall): boolean {
  let each: WrittenTo | undefined = call.call;
  while (each?.nextCall !== undefined) each = each.nextCall;
  return !call.cancelled && each?.metadataSent === false;
}

/**
 * Lets a stream of answers swallow what its handler still writes, because the call has been answered at its deadline: a
 * stream emits an 'error' for a write after its end. What is sent past the stream, grpc-js itself drops after a status.
 *
 * @param ended called when the handler ends the stream
 */
export function swallowWrites(call: ServerCall, ended: () => void): void {
  if (!('writableEnded' in call)) return;
  Object.assign(call, {
    write(...args: unknown[]): boolean {
      callBackLater(args);
      return true;
    },
    end(): ServerCall {
      ended();
      return call;
    },
  });
}

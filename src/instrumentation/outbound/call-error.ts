import {
  CallCancelledError,
  DeadlineExceededError,
  type EndReason,
  isDeadlineExceeded,
  originIn,
  withOrigin,
} from '../../errors.js';

/**
 * The error that a call fails with. Each call has one of its own, with its target: all calls of a scope share the
 * scope's reason, which becomes the `cause`.
 *
 * @param target method, origin and path: without query and userinfo
 */
export function callError(reason: EndReason, target: string): EndReason {
  const options = { cause: reason };
  const error = isDeadlineExceeded(reason)
    ? new DeadlineExceededError(reason as DeadlineExceededError, options)
    : new CallCancelledError(undefined, options);
  Object.defineProperty(error, 'target', { value: target });
  return withOrigin(error, originIn(reason));
}

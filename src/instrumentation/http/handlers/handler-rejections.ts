import { types } from 'node:util';
import { diag } from '@opentelemetry/api';
import { firstOfOurs, isCallCancelled, isDeadlineExceeded } from '../../../errors.js';
import { privateField } from '../../../private-field.js';
import type { Method } from '../../hooks/patch-method.js';
import { isOthersEnd, reportOthersEnd } from '../../inbound/others-ends.js';
import { answerInternalError, answerTimeout } from '../answer.js';
import type { HttpServedRequest } from '../served-request.js';
import { answerInPlace } from './mute-response.js';

/** The requests whose handlers have returned a promise. Several requests may wait for one promise. */
const requestsOf = privateField<readonly HttpServedRequest[]>();

/** A handler of `served` has returned `promise`. */
export function trackPromise(promise: Promise<unknown>, served: HttpServedRequest): void {
  served.track(promise);
  const others = requestsOf.get(promise) ?? [];
  requestsOf.set(promise, [...others.filter(({ isOpen }) => isOpen), served]);
}

/** Whether several requests wait for `promise`. */
export function isShared(promise: Promise<unknown>): boolean {
  return (requestsOf.get(promise)?.length ?? 0) > 1;
}

/**
 * Answers for handlers whose promises are rejected because a request has ended. The replacement for `emit` of
 * `process`: Node asks by an event whether a rejection is handled, and ends the process if not. A `then` of ours
 * could not do this, because Node alone knows whether the application handles the promise itself.
 */
export function wrapProcessEmit(original: Method): Method {
  return function emit(this: NodeJS.Process, ...args: unknown[]): boolean {
    const [name, error, promise] = args;
    // An application may emit anything.
    const answered = name === 'unhandledRejection' && types.isPromise(promise) && answerRejection(error, promise);
    return answered || original.apply(this, args);
  };
}

/** Returns whether the rejection was due to the end of a request. */
function answerRejection(error: unknown, promise: Promise<unknown>): boolean {
  const requests = requestsOf.get(promise) ?? [];
  if (requests.length === 0 || !requests.every((served) => isDueToEnd(error, served))) return false;
  for (const served of requests) {
    served.rejected(promise);
    answerEscapedError(error, served);
  }
  return true;
}

/**
 * Whether an error has escaped from a handler because a request has ended: its own, or another one with which it shared
 * some work. In neither case may the hang-up of a caller end the process.
 */
export function isDueToEnd(error: unknown, { scope, settings }: HttpServedRequest): boolean {
  // Where calls are aborted, a handler may fail in words of its own after the end.
  return isEnd(error) || (settings.enforce && scope?.outcome() !== undefined);
}

function isEnd(error: unknown): boolean {
  return isDeadlineExceeded(error) || isCallCancelled(error);
}

/** Whether `error` is how `pipeline` fails where the response has been answered at its deadline, and so has closed. */
function isCutShort(error: unknown, { deadlineAnswer }: HttpServedRequest): boolean {
  return deadlineAnswer !== undefined && Object(error).code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Answers a request in place of its handler, from which `error` has escaped. */
export function answerEscapedError(error: unknown, served: HttpServedRequest): void {
  // The error may be a fault of the application that has nothing to do with the end.
  if (!isEnd(error) && !isCutShort(error, served)) diag.error('a handler failed after its request had ended', error);
  const { exchange, scope } = served;
  if (exchange === undefined || !served.isOpen) return;
  const { request, response } = exchange;
  const outcome = scope?.outcome();
  const isForeign = scope !== undefined && outcome === undefined && isOthersEnd(error, scope);
  if (isForeign) reportOthersEnd(firstOfOurs(error), scope);
  if (response.headersSent || !(isForeign || isDeadlineExceeded(outcome?.reason ?? error))) {
    response.destroy();
    return;
  }
  try {
    answerInPlace(response, () => {
      if (isForeign) answerInternalError(request, response);
      // The time of a `withTimeout` in the handler, or of shared work, is not the caller's.
      else answerTimeout(request, response, outcome !== undefined);
    });
  } catch (failure) {
    diag.error('a request that has failed gets no answer', failure);
    response.destroy();
  }
}

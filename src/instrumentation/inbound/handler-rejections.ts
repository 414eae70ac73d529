import { types } from 'node:util';
import { diag } from '@opentelemetry/api';
import type { Scope } from '../../context/scope/scope.js';
import { firstOfOurs, isCallCancelled, isDeadlineExceeded } from '../../errors.js';
import { privateField } from '../../private-field.js';
import type { Method } from '../hooks/patch-method.js';
import type { Settings } from '../settings.js';
import { isOthersEnd, reportOthersEnd } from './others-ends.js';

/** What a request is answered with in place of its handler: `exhausted` when the caller's own budget has run out. */
export type EscapedAnswer = 'internal' | 'timeout' | 'exhausted';

/** A request whose handlers' promises are known. */
export interface TrackedRequest {
  readonly scope: Scope | undefined;
  readonly settings: Settings;
  /** Whether the handler can still answer. */
  readonly isOpen: boolean;
  /** Whether it was answered at its deadline, in place of its handler. */
  readonly isAnsweredAtDeadline: boolean;
  /** Whether a part of the answer has been sent. */
  readonly isAnswerBegun: boolean;
  track(result: unknown): void;
  /** A promise of a handler was rejected, and Node has been told that this is handled. */
  rejected(promise: Promise<unknown>): void;
  answerEscaped(answer: EscapedAnswer): void;
  /** Ends the request without an answer. */
  abandon(): void;
}

/** The requests whose handlers have returned a promise. Several requests may wait for one promise. */
const requestsOf = privateField<readonly TrackedRequest[]>();

/** A handler of `served` has returned `promise`. */
export function trackPromise(promise: Promise<unknown>, served: TrackedRequest): void {
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
export function isDueToEnd(error: unknown, { scope, settings }: TrackedRequest): boolean {
  // Where calls are aborted, a handler may fail in words of its own after the end.
  return isEnd(error) || (settings.enforce && scope?.outcome() !== undefined);
}

function isEnd(error: unknown): boolean {
  return isDeadlineExceeded(error) || isCallCancelled(error);
}

/** Whether `error` is how `pipeline` fails where the response has been answered at its deadline, and so has closed. */
function isCutShort(error: unknown, { isAnsweredAtDeadline }: TrackedRequest): boolean {
  return isAnsweredAtDeadline && Object(error).code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Answers a request in place of its handler, from which `error` has escaped. */
export function answerEscapedError(error: unknown, served: TrackedRequest): void {
  // The error may be a fault of the application that has nothing to do with the end.
  if (!isEnd(error) && !isCutShort(error, served)) diag.error('a handler failed after its request had ended', error);
  if (!served.isOpen) return;
  const { scope } = served;
  const outcome = scope?.outcome();
  const isForeign = scope !== undefined && outcome === undefined && isOthersEnd(error, scope);
  if (isForeign) reportOthersEnd(firstOfOurs(error), scope);
  if (served.isAnswerBegun || !(isForeign || isDeadlineExceeded(outcome?.reason ?? error))) {
    served.abandon();
    return;
  }
  try {
    // The time of a `withTimeout` in the handler, or of shared work, is not the caller's.
    served.answerEscaped(isForeign ? 'internal' : outcome === undefined ? 'timeout' : 'exhausted');
  } catch (failure) {
    diag.error('a request that has failed gets no answer', failure);
    served.abandon();
  }
}

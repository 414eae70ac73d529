import type { Metadata } from '@grpc/grpc-js';
import type { Scope } from '../../context/scope/scope.js';
import { type EndReason, firstOfOurs, isDeadlineExceeded, isEndReason } from '../../errors.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import { isOthersEnd, reportOthersEnd } from '../inbound/others-ends.js';
import type { Settings } from '../settings.js';
import { DEADLINE_EXCEEDED, INTERNAL, RESOURCE_EXHAUSTED, statusCodeOf, UNKNOWN } from './status.js';
import { type GivenError, hasOwnStatus, hasStatus, reasonOf, StatusError } from './status-error.js';
import type { GrpcHandler, SendAnswer, ServerCall } from './surface.js';
import { isUnanswered, swallowWrites } from './swallow-writes.js';

/** The answer to a call that we serve, on its way from the handler to grpc-js. */
export class GrpcAnswer {
  private given = false;
  /** Whether the call was answered at its deadline, and if so whether its handler has finished since. */
  private inPlace: 'handler at work' | 'handler finished' | undefined = undefined;
  /** Called when the handler has given its answer by `send`. */
  private finishedListener: (() => void) | undefined = undefined;

  /** @param send absent where the answer is a stream */
  constructor(
    private readonly call: ServerCall,
    private readonly send: SendAnswer | undefined,
    private readonly scope: Scope,
    private readonly settings: Settings,
  ) {}

  /** Whether the handler has finished its answer. */
  get finished(): boolean {
    if (this.inPlace !== undefined) return this.inPlace === 'handler finished';
    return this.given || this.call.writableEnded === true;
  }

  /** Calls `listener` when the handler has finished its answer. Of a stream that goes nowhere, nothing reports that. */
  onFinished(listener: () => void): void {
    if (this.finished) listener();
    else this.finishedListener = listener;
  }

  /** Answers a call that arrived too late. */
  reject(reason: EndReason): void {
    this.fail(this.statusError(reason, reason.message, statusCodeOf(reason), undefined));
  }

  /** Answers at the deadline, in place of the handler, unless it has begun its answer. */
  answerAtDeadline(reason: EndReason): void {
    if (this.finished || !isUnanswered(this.call)) return;
    this.inPlace = 'handler at work';
    this.reject(reason);
    swallowWrites(this.call, this.handlerFinished);
  }

  private readonly handlerFinished = (): void => {
    this.inPlace = 'handler finished';
    this.finishedListener?.();
  };

  /** Answers a call for which there is no room. The caller may try again: it has lost hardly any time. */
  rejectOverload(): void {
    const trailers = this.newMetadata();
    trailers.set('retry-after', '1');
    this.fail(new StatusError(RESOURCE_EXHAUSTED, 'too many calls wait', trailers, {}));
  }

  /** The handler has thrown where grpc-js does not see it: answers as grpc-js does, without the text of `error`. */
  threw(error: unknown): void {
    if (this.finished) return;
    this.fail(new StatusError(UNKNOWN, 'Unknown error', this.newMetadata(), { cause: error }));
  }

  private newMetadata(): Metadata {
    return new (this.call.metadata.constructor as new () => Metadata)();
  }

  /** Runs the handler. What it fails with because its scope has run out is answered with the status that says so. */
  from(handler: GrpcHandler, self: unknown): unknown {
    const respond = this.send && this.respond;
    if (!this.settings.enforce) return handler.call(self, this.call, respond);
    this.watchErrors();
    try {
      const result = handler.call(self, this.call, respond);
      return isPromise(result) ? result.then(undefined, this.escaped) : result;
    } catch (error) {
      return this.escaped(error);
    }
  }

  private readonly respond: SendAnswer = (error, value, trailer, ...flags) => {
    if (this.inPlace !== undefined) return this.handlerFinished();
    this.given = true;
    // Before the listener completes the scope: the scope's end decides the status.
    const changed = this.settings.enforce && error ? this.translated(error, trailer) : undefined;
    this.finishedListener?.();
    // The error's own metadata holds what was in the trailer.
    return changed ? this.send?.(changed) : this.send?.(error, value, trailer, ...flags);
  };

  /**
   * grpc-js answers what is thrown with UNKNOWN, and what an async handler is rejected with not at all: it ends the
   * process. After the scope has run out, anything may have failed because of it.
   */
  private readonly escaped = (error: unknown): void => {
    const answer = this.othersEnd(error, undefined) ?? this.ownEnd(error);
    if (answer === undefined) throw error;
    if (this.inPlace !== undefined) this.handlerFinished();
    else if (!this.finished) this.fail(answer);
  };

  /** Streams of answers fail by an 'error' on the call. */
  private watchErrors(): void {
    const { call } = this;
    const emit = call.emit;
    call.emit = (event: string | symbol, ...args: unknown[]) => {
      const changed = event === 'error' ? this.translated(args[0], undefined) : undefined;
      if (changed === undefined) return emit.call(call, event, ...args);
      const heard = emit.call(call, 'error', changed);
      this.sendIfDestroyed(changed);
      return heard;
    };
  }

  private fail(error: StatusError): void {
    if (this.send === undefined) {
      this.call.emit('error', error);
      this.sendIfDestroyed(error);
    } else {
      this.given = true;
      this.send(error);
    }
  }

  /**
   * WORKAROUND @grpc/grpc-js >=1.10: at an 'error' it ends the stream, which sends the status, but not where `pipeline` has
   * destroyed the stream (no issue known); remove when a destroyed stream sends its status.
   */
  private sendIfDestroyed({ code, details, metadata }: StatusError): void {
    if (!this.call.destroyed || this.finished) return;
    this.given = true;
    this.call.call?.sendStatus?.({ code, details, metadata });
  }

  /** `error` with the status that says what happened; `undefined` when it is to stay as it is. */
  private translated(error: unknown, trailer: Metadata | undefined): StatusError | undefined {
    // What the application says itself stands.
    if (hasOwnStatus(error)) return undefined;
    const othersEnd = this.othersEnd(error, trailer);
    if (othersEnd !== undefined) return othersEnd;
    const code = this.codeFor(error);
    if (code === undefined) return undefined;
    const { message, details } = error as GivenError;
    return this.statusError(error, typeof details === 'string' ? details : message, code, trailer);
  }

  private codeFor(error: unknown): number | undefined {
    // The status of a call that was ended by us.
    if (hasStatus(error)) return undefined;
    // As frameworks for HTTP do by its `status`.
    if (isEndReason(error)) return statusCodeOf(error);
    const reason = this.settings.server.keepStatus ? undefined : this.scope.ended()?.reason;
    return reason && statusCodeOf(reason);
  }

  private ownEnd(error: unknown): StatusError | undefined {
    const direct = reasonOf(error);
    const reason = direct ?? this.scope.ended()?.reason;
    if (reason === undefined) return undefined;
    const kept = direct === undefined && this.settings.server.keepStatus;
    // Not the message of `error`, which was not meant for the client.
    const details = kept ? 'Unknown error' : reason.message;
    return this.statusError(error, details, kept ? UNKNOWN : statusCodeOf(reason), undefined);
  }

  /**
   * The answer of a handler that fails with the end of another call, because both have shared some work. Its own end counts,
   * if it has ended. Else INTERNAL, as 500 over HTTP, and not UNAVAILABLE: after that, clients send a call again by
   * themselves, but this handler may have done half of its work.
   */
  private othersEnd(error: unknown, trailer: Metadata | undefined): StatusError | undefined {
    if (!isOthersEnd(error, this.scope)) return undefined;
    const own = this.scope.ended()?.reason;
    if (own === undefined) reportOthersEnd(firstOfOurs(error), this.scope);
    const details = own?.message ?? 'work that was shared with another call has ended with that call';
    return this.statusError(undefined, details, own === undefined ? INTERNAL : statusCodeOf(own), trailer);
  }

  private statusError(cause: unknown, message: unknown, code: number, trailer: Metadata | undefined): StatusError {
    const details = typeof message === 'string' ? message : 'Unknown Error';
    const metadata = trailer ?? (cause as GivenError | null | undefined)?.metadata;
    const trailers = metadata?.clone() ?? this.newMetadata();
    const ranOut = isDeadlineExceeded(this.scope.ended()?.reason);
    if (ranOut && code === DEADLINE_EXCEEDED) trailers.set(TIMEBUDGET, '0');
    return new StatusError(code, details, trailers, { cause });
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null | undefined)?.then === 'function';
}

import type { Metadata } from '@grpc/grpc-js';
import type { Scope } from '../../context/scope/scope.js';
import { type EndReason, isDeadlineExceeded, isEndReason } from '../../errors.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { Settings } from '../settings.js';
import { DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, statusCodeOf, UNKNOWN } from './status.js';
import type { GrpcHandler, SendAnswer, ServerCall } from './surface.js';

/** What an application or library gives as an error: anything. */
interface GivenError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
  readonly metadata?: Metadata | null;
}

/** The answer to a call that we serve, on its way from the handler to grpc-js. */
export class GrpcAnswer {
  private given = false;
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

  /** Answers a call for which there is no room. The caller may try again: it has lost hardly any time. */
  rejectOverload(): void {
    const trailers = this.newMetadata();
    trailers.set('retry-after', '1');
    this.fail(new StatusError(RESOURCE_EXHAUSTED, 'too many calls wait', trailers, {}));
  }

  /** The handler has thrown where grpc-js does not see it: answers as grpc-js does. */
  threw(error: unknown): void {
    if (this.finished) return;
    const message = String((error as GivenError | null | undefined)?.message ?? error);
    this.fail(
      new StatusError(UNKNOWN, `Server method handler threw error ${message}`, this.newMetadata(), { cause: error }),
    );
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
    const direct = reasonOf(error);
    const reason = direct ?? this.scope.ended()?.reason;
    if (reason === undefined) throw error;
    if (this.finished) return;
    const kept = direct === undefined && this.settings.server.keepStatus;
    // Not the message of `error`, which was not meant for the client.
    const details = kept ? 'Unknown error' : reason.message;
    this.fail(this.statusError(error, details, kept ? UNKNOWN : statusCodeOf(reason), undefined));
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
    const code = this.codeFor(error);
    if (code === undefined) return undefined;
    const { message, details } = error as GivenError;
    return this.statusError(error, typeof details === 'string' ? details : message, code, trailer);
  }

  private codeFor(error: unknown): number | undefined {
    const own = (error as GivenError | null | undefined)?.code;
    // What the application says itself stands.
    if (Number.isInteger(own) && own !== UNKNOWN) return undefined;
    // As frameworks for HTTP do by its `status`.
    if (isEndReason(error)) return statusCodeOf(error);
    const reason = this.settings.server.keepStatus ? undefined : this.scope.ended()?.reason;
    return reason && statusCodeOf(reason);
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

/** The reason in what a handler failed with: the reason itself, or the error of a gRPC call that we have ended. */
function reasonOf(error: unknown): EndReason | undefined {
  if (isEndReason(error)) return error;
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return isEndReason(cause) && code === statusCodeOf(cause) ? cause : undefined;
}

/** An error with all that grpc-js looks for. */
class StatusError extends Error {
  constructor(
    readonly code: number,
    readonly details: string,
    readonly metadata: Metadata,
    options: ErrorOptions,
  ) {
    super(details, options);
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null | undefined)?.then === 'function';
}

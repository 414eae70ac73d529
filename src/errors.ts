import { ERROR_KIND } from './private-keys.js';

/** The number of errors that are looked at in a chain of causes. The chain may have a cycle. */
const MAX_CAUSES = 16;

/** The deadline that a {@link DeadlineExceededError} reports. */
export interface ExceededDeadline {
  /** The time from when the deadline was received or set until it passed, in ms. */
  readonly budget: number;
  /** `true`: the caller sent the deadline. `false`: code of this process set it. */
  readonly inherited: boolean;
  /** The time since the deadline was received or set, in ms. */
  readonly spent: number;
}

abstract class ScopeError extends Error {
  abstract readonly code: string;
  /** The HTTP status that a framework sends when a handler fails with this error. express reads `status`. */
  readonly status: number;
  /** The same status, for fastify and koa. */
  readonly statusCode: number;
  /** `false`, for koa and http-errors: the response has the text of the status, not the message of this error. */
  readonly expose = false;
  /** The outbound call that was aborted, if there was one: method, origin and path. Not enumerable. */
  declare readonly target?: string;

  constructor(kind: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.statusCode = status;
    Object.defineProperty(this, ERROR_KIND, { value: kind });
  }
}

/** The deadline has passed, so the caller no longer waits. HTTP status 504, gRPC status DEADLINE_EXCEEDED. */
export class DeadlineExceededError extends ScopeError {
  override readonly name = 'DeadlineExceededError';
  readonly code = 'DEADLINE_EXCEEDED';
  readonly budget: number;
  readonly inherited: boolean;
  readonly spent: number;

  constructor({ budget, inherited, spent }: ExceededDeadline, options?: ErrorOptions) {
    const source = inherited ? 'from the caller' : 'set here';
    super(
      'DEADLINE_EXCEEDED',
      504,
      `deadline exceeded: ${round(budget)} ms budget ${source}, ${round(spent)} ms spent`,
      options,
    );
    this.budget = budget;
    this.inherited = inherited;
    this.spent = spent;
  }
}

/** The caller went away before the deadline. HTTP status 499 (the one that nginx logs), gRPC status CANCELLED. */
export class CallCancelledError extends ScopeError {
  override readonly name = 'CallCancelledError';
  readonly code = 'CANCELLED';

  /** @param options `cause`: the reason that was passed to `cancel` */
  constructor(message = 'call cancelled: the caller no longer waits', options?: ErrorOptions) {
    super('CANCELLED', 499, message, options);
  }
}

/** Why a scope ended. */
export type EndReason = DeadlineExceededError | CallCancelledError;

/**
 * Whether `error` is a {@link DeadlineExceededError} or was caused by one. Never throws.
 *
 * Causes are followed, up to 16 errors in a row, as Go's `errors.Is` follows wrapped errors: `fetch` and other clients
 * wrap the reason of an abort. The first error of this package in that row decides.
 */
export function isDeadlineExceeded(error: unknown): boolean {
  return isOfKind(error, 'DEADLINE_EXCEEDED');
}

/**
 * Whether `error` is a {@link CallCancelledError} or was caused by one. Follows causes as {@link isDeadlineExceeded}.
 * Never throws.
 */
export function isCallCancelled(error: unknown): boolean {
  return isOfKind(error, 'CANCELLED');
}

/** Whether `error` itself, not its cause, is one of the two errors of this file. Never throws. */
export function isEndReason(error: unknown): error is EndReason {
  try {
    return errorKind(error) !== undefined;
  } catch {
    // A proxy that throws is no error of this package.
    return false;
  }
}

/** Whether the first of our errors on the chain of causes, starting with `error`, is of `kind`. */
function isOfKind(error: unknown, kind: string): boolean {
  try {
    let link = error;
    for (let i = 0; i < MAX_CAUSES && link; i++) {
      const found = errorKind(link);
      if (found !== undefined) return found === kind;
      link = Object(link).cause;
    }
  } catch {
    // A getter or proxy that throws is no error of this package.
  }
  return false;
}

function errorKind(error: unknown): unknown {
  return Object(error)[ERROR_KIND];
}

/** Whole ms from 10 ms on, else one decimal. */
function round(ms: number): number {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms);
}

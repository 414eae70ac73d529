import { ERROR_KIND } from './private-keys.js';

/** How many causes are followed, so that a cycle or a hostile chain ends. */
const MAX_CAUSES = 16;

/** What a {@link DeadlineExceededError} tells about the deadline that passed. */
export interface ExceededDeadline {
  /** The time that the work was given, in ms. */
  readonly budget: number;
  /** Where the deadline came from: the caller (the wire), or code of this process. */
  readonly inherited: boolean;
  /** The time that had passed since the deadline was received or set, in ms. */
  readonly spent: number;
}

abstract class ScopeError extends Error {
  abstract readonly code: string;
  /** The HTTP status that express (`status`), fastify and koa (`statusCode`) answer with when the error escapes. */
  readonly status: number;
  readonly statusCode: number;
  /** For koa and http-errors: the answer shows the status's text, not this error's message. */
  readonly expose = false;
  /** The outbound call that was aborted, where there was one: method, origin and path. Non-enumerable. */
  declare readonly target?: string;

  constructor(kind: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.statusCode = status;
    Object.defineProperty(this, ERROR_KIND, { value: kind });
  }
}

/** The deadline has passed: nobody waits for the work any more. HTTP 504, gRPC DEADLINE_EXCEEDED. */
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

/** The caller went away before the deadline. HTTP 499 (as nginx logs it), gRPC CANCELLED. */
export class CallCancelledError extends ScopeError {
  override readonly name = 'CallCancelledError';
  readonly code = 'CANCELLED';

  /** @param options `cause`: what `cancel` was given. */
  constructor(message = 'call cancelled: the caller no longer waits', options?: ErrorOptions) {
    super('CANCELLED', 499, message, options);
  }
}

/** Why a scope ended. */
export type EndReason = DeadlineExceededError | CallCancelledError;

/**
 * Whether `error` is a {@link DeadlineExceededError} or was caused by one: `cause` is followed, as Go's `errors.Is`
 * follows wrapped errors, because `fetch` and others wrap an abort's reason. Never throws.
 */
export function isDeadlineExceeded(error: unknown): boolean {
  return isOfKind(error, 'DEADLINE_EXCEEDED');
}

/** Whether `error` is a {@link CallCancelledError} or was caused by one. Never throws. */
export function isCallCancelled(error: unknown): boolean {
  return isOfKind(error, 'CANCELLED');
}

/** Whether `error` itself, not its cause, is one of the two. */
export function isEndReason(error: unknown): error is EndReason {
  try {
    return errorKind(error) !== undefined;
  } catch {
    // A proxy that throws is not ours.
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
    // A getter or proxy that throws is not ours.
  }
  return false;
}

function errorKind(error: unknown): unknown {
  return Object(error)[ERROR_KIND];
}

/** Whole ms where that says enough, else one decimal. */
function round(ms: number): number {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms);
}

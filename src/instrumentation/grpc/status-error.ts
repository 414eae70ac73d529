import type { Metadata } from '@grpc/grpc-js';
import { type EndReason, isEndReason } from '../../errors.js';
import { statusCodeOf, UNKNOWN } from './status.js';

/** What an application or library gives as an error: anything. */
export interface GivenError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
  readonly metadata?: Metadata | null;
}

/** An error with all that grpc-js looks for. */
export class StatusError extends Error {
  constructor(
    readonly code: number,
    readonly details: string,
    readonly metadata: Metadata,
    options: ErrorOptions,
  ) {
    super(details, options);
  }
}

/** Whether an error has a status other than UNKNOWN. */
export function hasStatus(error: unknown): boolean {
  const code = (error as GivenError | null | undefined)?.code;
  return Number.isInteger(code) && code !== UNKNOWN;
}

/** Whether an error has a status that the application, or a called service, has chosen. */
export function hasOwnStatus(error: unknown): boolean {
  return hasStatus(error) && reasonOf(error) === undefined;
}

/** The reason in what a handler failed with: the reason itself, or the error of a gRPC call that we have ended. */
export function reasonOf(error: unknown): EndReason | undefined {
  if (isEndReason(error)) return error;
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return isEndReason(cause) && code === statusCodeOf(cause) ? cause : undefined;
}

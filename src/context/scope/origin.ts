import { type Context, context as contextApi } from '@opentelemetry/api';
import { type EndReason, type ErrorOrigin, firstOfOurs, isEndReason, statusOfKind, withOrigin } from '../../errors.js';
import { REQUEST_OBSERVER } from '../../private-keys.js';
import { SCOPE_KEY } from './key.js';
import type { Scope } from './scope.js';

// Requests may wait for one promise, whose work ends with the request that began it. The error that ends the work then
// reaches the others, and is no 499 or 504 of theirs. So each error has an origin: the request that has ended, or the
// outermost scope where there is no request. Origins are made when the first error is.

/** What an instrumentation adds: it knows the requests that are served. One object for all copies of this package. */
export interface RequestObserver {
  /** The request that code works for where OpenTelemetry's context has been lost. */
  find(): Scope | undefined;
  /** Code has asked for the HTTP status of `error`, one of ours or one that stands for it, and has got `status`. */
  asked(error: unknown, status: number): void;
}

const global = globalThis as { [REQUEST_OBSERVER]?: RequestObserver | undefined };

/** The origin of all errors of one request. It has no scope, because an error may be kept in a cache. */
export class Origin implements ErrorOrigin {
  /** Whether work inside has ended before the request, or a call that it made has failed: it may fail for that reason. */
  hasOwnFailure = false;

  /**
   * @param waits whether a caller waits for the work. Nobody answers for other work, and in the context of a request that
   *   has been answered code may work for anybody
   * @param above the origin of the request around this one; of a run of shared work, all that waited for its end
   */
  constructor(
    public waits: boolean,
    readonly above: Origin[],
  ) {}

  statusOf(error: unknown): number {
    const scope = scopeAround(contextApi.active());
    const status = scope && this.isForeignTo(originOf(scope)) ? 500 : statusOfKind(error);
    global[REQUEST_OBSERVER]?.asked(error, status);
    return status;
  }

  /** Whether errors of this origin are no end of the request of the origin `own`. */
  isForeignTo(own: Origin): boolean {
    return own.waits && !this.isWithin(own) && !own.isWithin(this);
  }

  /** Whether this origin is `outer`, or one inside of it. */
  isWithin(outer: Origin): boolean {
    // The loop over a set visits what is added meanwhile.
    const origins = new Set<Origin>([this]);
    for (const { above } of origins) for (const each of above) origins.add(each);
    return origins.has(outer);
  }
}

/** The origin of the errors that end work under `scope`. */
export function originOf(scope: Scope): Origin {
  let each = scope;
  while (each.origin === undefined) {
    const { parent, handler, deadline } = each;
    if (handler === undefined && parent !== undefined) {
      each = parent;
    } else {
      const isRequest = handler !== undefined || deadline?.inherited === true;
      each.origin = new Origin(isRequest && each.live() === each, parent ? [originOf(parent)] : []);
    }
  }
  return each.origin;
}

/** `error`, which ends the work under `scope`, with its origin. */
export function endOf<E extends EndReason>(scope: Scope, error: E): E {
  const origin = originOf(scope);
  origin.hasOwnFailure = true;
  return withOrigin(error, origin);
}

/**
 * The HTTP status for a request that fails with `error`, in the request that the running code works for:
 *
 * - 504 when a deadline has ended its work, 499 when a cancel has
 * - 500 when the error is the end of another request, with which it has shared the work: its own caller still waits
 * - `undefined` when `error` is none of this package, and wraps none
 *
 * Looks where `isDeadlineExceeded` looks. For error handlers, which see errors that others have wrapped; the errors
 * themselves have this status as `status` and `statusCode`. Never throws.
 */
export function statusOf(error: unknown): number | undefined {
  const ours = firstOfOurs(error) as EndReason | undefined;
  return isEndReason(ours) ? ours.status : ours && statusOfKind(ours);
}

/**
 * The scope that tells for whom code works in `context`: also one that has completed, that `detach` has left behind, or
 * that only the instrumentation knows.
 */
export function scopeAround(context: Context): Scope | undefined {
  return scopeIn(context) ?? scopeIn(contextApi.active()) ?? global[REQUEST_OBSERVER]?.find();
}

function scopeIn(context: Context): Scope | undefined {
  return context.getValue(SCOPE_KEY) as Scope | undefined;
}

/** Lets `observer` observe the requests. Returns a function that undoes it. */
export function observeRequests(observer: RequestObserver): () => void {
  global[REQUEST_OBSERVER] = observer;
  return () => {
    if (global[REQUEST_OBSERVER] === observer) delete global[REQUEST_OBSERVER];
  };
}

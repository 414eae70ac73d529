import { type Context, context as contextApi } from '@opentelemetry/api';
import { type EndReason, type ErrorOrigin, firstOfOurs, originIn } from '../../errors.js';
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
  /** `request` fails with `error`, by which another request has ended. Called each time when somebody looks. */
  failed(error: EndReason, request: Origin): void;
}

const global = globalThis as { [REQUEST_OBSERVER]?: RequestObserver | undefined };

/** The origin of all errors of one request. It has no scope, because an error may be kept in a cache. */
export class Origin implements ErrorOrigin {
  /**
   * @param isRequest whether the work is that of a caller; nobody answers for any other
   * @param above the origin of the request around this one
   * @param over whether the request has been answered, so that its context no longer tells for whom code works
   */
  constructor(
    private readonly isRequest: boolean,
    private readonly above: Origin | undefined,
    public over: boolean,
  ) {}

  isForeign(error: EndReason): boolean {
    const scope = scopeAround(contextApi.active());
    const here = scope && originOf(scope);
    return here !== undefined && this.isForeignTo(here, error);
  }

  /** Whether a request of the origin `own` fails with `error`, of this origin, though it has not ended itself. */
  isForeignTo(own: Origin, error: EndReason): boolean {
    if (this === EVERYBODYS || !own.isRequest || own.over || this.isWithin(own) || own.isWithin(this)) return false;
    global[REQUEST_OBSERVER]?.failed(error, own);
    return true;
  }

  private isWithin(outer: Origin): boolean {
    let origin: Origin | undefined = this;
    while (origin !== undefined && origin !== outer) origin = origin.above;
    return origin !== undefined;
  }
}

/** The origin of scopes of shared work: their errors concern everybody who waits for the work. */
export const EVERYBODYS = new Origin(false, undefined, true);

/** The origin of the errors that end work under `scope`. */
export function originOf(scope: Scope): Origin {
  let each = scope;
  while (each.origin === undefined) {
    const { parent, handler, deadline } = each;
    if (handler === undefined && parent !== undefined) {
      each = parent;
    } else {
      const isRequest = handler !== undefined || deadline?.inherited === true;
      each.origin = new Origin(isRequest, parent && originOf(parent), each.live() !== each);
    }
  }
  return each.origin;
}

/**
 * Whether `error`, or the first of our errors that it wraps, has ended another request than that of `scope`, and none
 * around it or inside of it.
 */
export function isOthersEnd(error: unknown, scope: Scope | undefined): boolean {
  const origin = originIn(error) as Origin | undefined;
  const own = scope && originOf(scope);
  return origin !== undefined && own !== undefined && origin.isForeignTo(own, firstOfOurs(error) as EndReason);
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

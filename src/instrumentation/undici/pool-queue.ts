import type { Context } from '@opentelemetry/api';
import type { Scope } from '../../context/scope/scope.js';
import type { EndReason } from '../../errors.js';
import { QUEUED } from '../../private-keys.js';
import { type BoundCall, bindCall, type OutboundTransport } from '../outbound/outbound-call.js';
import { failHandler, type UndiciHandler, withoutThrowing } from './handler-failure.js';
import { internal } from './internals.js';

// WORKAROUND undici >=6: a call that waits in the queue of a saturated pool can't be aborted, and is dispatched later in the
// async context of the call whose connection became free (no issue known); remove when a queued call has a request, which is
// made in its caller's context.

/** The entry of a call in the queue of a pool. The pool reads an entry again only when it takes the entry out. */
interface QueueEntry {
  opts: object;
  handler: UndiciHandler;
}

/** The head of undici's queue is a ring; `top` is where the next entry goes. */
interface Ring {
  readonly list?: readonly (QueueEntry | undefined)[];
  readonly top: number;
}

/**
 * Takes hold of the call that `pool` has just queued for `options`. Returns `undefined` when it has queued none, or `pool`
 * is no pool.
 *
 * @param target gives the target of the call
 */
export function captureQueued(
  pool: object,
  options: object,
  context: Context,
  enforce: boolean,
  target: () => string,
): QueuedCall | undefined {
  const entry = lastEntry(pool, options);
  if (entry === undefined) return undefined;
  const call = new QueuedCall(entry.handler, context, enforce, target);
  // A copy: the application may use the same options for several calls.
  entry.opts = { ...entry.opts, [QUEUED]: call };
  // The handler is read when the entry leaves the queue: it is dispatched, or the pool is destroyed.
  Object.defineProperty(entry, 'handler', { get: () => call.leave() });
  return call;
}

/** The call that was queued with these options; `undefined` when the options do not come from a queue. */
export function queuedWith(options: object): QueuedCall | undefined {
  return (options as { [QUEUED]?: QueuedCall })[QUEUED];
}

function lastEntry(pool: object, options: object): QueueEntry | undefined {
  const ring = (internal(pool, 'queue') as { head?: Ring } | undefined)?.head;
  if (!Array.isArray(ring?.list)) return undefined;
  const { list, top } = ring as Required<Ring>;
  const entry = list[(top - 1 + list.length) % list.length];
  return entry?.opts === options ? entry : undefined;
}

/** A call that waits in the queue of a saturated pool, for which there is no request yet. */
export class QueuedCall implements OutboundTransport {
  readonly name = 'undici';
  private bound: BoundCall | undefined = undefined;
  private failed = false;

  constructor(
    private readonly handler: UndiciHandler,
    readonly context: Context,
    readonly enforce: boolean,
    private readonly target: () => string,
  ) {}

  /** Binds the call until it leaves the queue. */
  bind(scope: Scope | undefined, until: number): void {
    this.bound = bindCall(scope, this, until);
  }

  /** Called when the call leaves the queue. Returns the handler that it goes on with. */
  leave(): UndiciHandler {
    this.bound?.release();
    return this.failed ? FAILED : this.handler;
  }

  abort(reason: EndReason): void {
    this.failed = true;
    withoutThrowing(() => failHandler(this.handler, reason, this.target()));
  }
}

const ignore = () => {};

/** The handler of a call that failed while it was queued: whatever undici does with that call, nothing is sent. */
export const FAILED = {
  onConnect: (abort: () => void) => abort(),
  onRequestStart: (controller: { abort(reason: Error): void }) => controller.abort(new Error('the call has ended')),
  onHeaders: ignore,
  onResponseStart: ignore,
  onData: ignore,
  onResponseData: ignore,
  onComplete: ignore,
  onResponseEnd: ignore,
  onError: ignore,
  onResponseError: ignore,
  onUpgrade: ignore,
  onRequestUpgrade: ignore,
};

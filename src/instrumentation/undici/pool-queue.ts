import type { Context } from '@opentelemetry/api';
import type { EndReason } from '../../errors.js';
import type { BoundCall, OutboundTransport } from '../outbound/outbound-call.js';
import { internal } from './call-target.js';
import { fail, type UndiciHandler, withoutThrowing } from './handler-failure.js';

const QUEUED = Symbol('queued call');

/** What a pool keeps of a call while all of its connections are busy. It looks at it again only to take it out. */
interface QueueEntry {
  opts: object;
  handler: UndiciHandler;
}

/** The head of undici's queue is a ring; `top` is where the next entry goes. */
interface Ring {
  readonly list?: readonly (QueueEntry | undefined)[];
  readonly top: number;
}

const ignore = () => {};

/** The handler of a call that has failed while it was queued: whatever undici does with the call, nothing is sent. */
export const NOBODY = {
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

/**
 * A call that waits in the queue of a saturated pool. There is no request yet that could be aborted, and later it is
 * dispatched in the async context of whoever's connection became free.
 */
export class QueuedCall implements OutboundTransport {
  readonly name = 'undici';
  bound: BoundCall | undefined = undefined;
  private readonly handler: UndiciHandler;
  private failed = false;

  constructor(
    entry: QueueEntry,
    readonly context: Context,
    readonly enforce: boolean,
    private readonly target: () => string,
  ) {
    this.handler = entry.handler;
    // A copy: the application may use the same options for several calls.
    entry.opts = { ...entry.opts, [QUEUED]: this };
    // However it leaves the queue (taken out, or the pool is destroyed), its handler is asked for then.
    Object.defineProperty(entry, 'handler', { get: () => this.leave() });
  }

  abort(reason: EndReason): void {
    this.failed = true;
    withoutThrowing(() => fail(this.handler, reason, this.target()));
  }

  private leave(): UndiciHandler {
    this.bound?.release();
    return this.failed ? NOBODY : this.handler;
  }
}

/** The call that was queued with these options; `undefined` when they are not from a queue. */
export function queuedWith(options: object): QueuedCall | undefined {
  return (options as { [QUEUED]?: QueuedCall })[QUEUED];
}

/**
 * What `pool` has put into its queue for the call that was just dispatched with `options`; `undefined` when that went
 * on, or `pool` is none. Nothing public tells.
 */
export function lastQueued(pool: object, options: object): QueueEntry | undefined {
  const ring = (internal(pool, 'queue') as { head?: Ring } | undefined)?.head;
  if (!Array.isArray(ring?.list)) return undefined;
  const { list, top } = ring as Required<Ring>;
  const entry = list[(top - 1 + list.length) % list.length];
  return entry?.opts === options ? entry : undefined;
}

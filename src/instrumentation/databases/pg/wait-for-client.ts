import { nextTick } from 'node:process';
import type { Scope } from '../../../context/scope/scope.js';
import type { EndReason } from '../../../errors.js';
import type { Method } from '../../hooks/patch-method.js';
import { callError } from '../../outbound/call-error.js';
import { type BoundCall, bindCall, type OutboundTransport } from '../../outbound/outbound-call.js';
import type { Callback, PendingItem, PgPool } from './internals.js';

/** A caller that waits for a client: in the queue of the pool, or while a connection is made. */
export class WaitForClient implements OutboundTransport {
  readonly name = 'pg';
  private bound: BoundCall | undefined = undefined;
  private item: PendingItem | undefined = undefined;
  private over = false;

  constructor(
    private readonly pool: PgPool,
    private readonly tell: Callback,
    private readonly isLeftAlone: () => boolean,
    readonly enforce: boolean,
  ) {}

  /** @param connect the `connect` of the pool */
  begin(scope: Scope, connect: Method): unknown {
    const { pool } = this;
    const { length } = pool._pendingQueue;
    const result = connect.call(pool, (...args: Parameters<Callback>) => this.end(...args));
    if (pool._pendingQueue.length > length) this.item = pool._pendingQueue.at(-1);
    if (!this.over) this.bound = bindCall(scope, this, Number.POSITIVE_INFINITY);
    return result;
  }

  abort(reason: EndReason): void {
    if (this.isLeftAlone()) return;
    const error = callError(reason, 'pg pool');
    const { item, pool } = this;
    const at = item === undefined ? -1 : pool._pendingQueue.indexOf(item);
    if (at >= 0) pool._pendingQueue.splice(at, 1);
    // A callback of the queue also clears the timer of the pool.
    const end = at >= 0 && item !== undefined ? item.callback : (...args: Parameters<Callback>) => this.end(...args);
    nextTick(end, error, undefined, () => {});
  }

  private end(error?: unknown, client?: unknown, release?: unknown): void {
    const isLate = this.over;
    this.over = true;
    this.bound?.release();
    if (!isLate) this.tell(error, client, release);
    // A connection that was made for a caller who has gone goes into the pool.
    else if (client) (release as () => void)();
  }
}

import type { Scope } from '../../context/scope/scope.js';
import type { EndReason } from '../../errors.js';
import type { DatabaseMode } from '../options.js';
import { callError } from '../outbound/call-error.js';
import { type BoundCall, bindCall, type OutboundTransport } from '../outbound/outbound-call.js';
import type { CancelRecord } from './cancel-record.js';
import { Hold } from './hold.js';

/** For how long, in ms, a connection is held for a cancel. Then it is closed. */
const GRACE = 1_000;

/** A statement from its call to its end: the part that all drivers have in common. A driver calls `over` at its end. */
export abstract class RunningStatement implements OutboundTransport {
  abstract readonly name: OutboundTransport['name'];
  private bound: BoundCall | undefined = undefined;

  constructor(
    private readonly mode: DatabaseMode,
    readonly enforce: boolean,
  ) {}

  /** Binds the statement to the scope that it is run under. */
  bind(scope: Scope): void {
    this.bound = bindCall(scope, this, Number.POSITIVE_INFINITY);
  }

  /** The statement has been answered. */
  over(): void {
    this.bound?.release();
  }

  abort(reason: EndReason): void {
    if (this.isLeftAlone()) return;
    const error = callError(reason, this.target);
    if (this.leaveQueue(error)) return;
    const { record } = this;
    if (this.mode !== 'cancel' || !record.allows || !this.canBeCancelled()) return;
    const hold = new Hold(GRACE, (inTime) => {
      if (inTime) record.hadEffect();
      else record.hadNone();
      this.letGo(inTime);
    });
    this.cancel(hold, error);
  }

  /** Whether nothing may end the statement, because it ends a transaction or undoes a session's state. */
  protected abstract isLeftAlone(): boolean;

  /** As errors have it: without the text, which may hold secrets. */
  protected abstract get target(): string;

  protected abstract get record(): CancelRecord;

  /** Takes the statement out of the queue of its connection, and fails it. `false`: it has been sent. */
  protected abstract leaveQueue(error: EndReason): boolean;

  /** Whether the server works on this statement, and on no other one of its connection. */
  protected abstract canBeCancelled(): boolean;

  /**
   * Cancels the statement on its server. Until the hold is over, its connection takes no other statement, and nobody is
   * told of the end of this one: the callback may give the connection away.
   */
  protected abstract cancel(hold: Hold, error: EndReason): void;

  /** The hold is over: the connection goes on. Not in time: closes it. */
  protected abstract letGo(inTime: boolean): void;
}

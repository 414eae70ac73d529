import type { Deadline } from '../../context/deadline.js';
import type { Ending, ScopeObserver } from '../../context/scope/observer.js';
import { endOf, type Origin, originOf } from '../../context/scope/origin.js';
import type { Scope } from '../../context/scope/scope.js';
import { observe, unobserve } from '../../context/scope/watch.js';
import { type DeadlineExceededError, type EndReason, isDeadlineExceeded, withOrigin } from '../../errors.js';
import { record, type Transport } from '../../events.js';
import { type Alarm, clearAlarm, setAlarm, UNSET } from '../../time/alarms.js';
import { now } from '../../time/clock.js';
import { hasObservedCancel } from './observed-cancel.js';

/** The part of a call that depends on its transport. */
export interface OutboundTransport {
  readonly name: Transport;
  readonly enforce: boolean;
  /** Ends the call. Called at most once, never after the call's `release`, and perhaps while `bindCall` still runs. */
  abort(reason: EndReason): void;
}

/** A call in flight. Its transport calls `release` when the call is over. */
export interface BoundCall {
  /** When the call is aborted, on the clock of `now()`; `Infinity`: no deadline binds it. */
  readonly due: number;
  /** The ms left until the call is aborted; `Infinity`: no deadline binds it. */
  remaining(): number;
  /** Ends the call now, if its deadline has passed or its scope has ended. */
  ring(): void;
  /** The head of the answer has arrived, with a status of HTTP. */
  answered(status: number): void;
  /** The call is over, or is no longer ours (an upgrade). Does nothing the second time. */
  release(): void;
}

/**
 * Binds a call that starts under `scope`: the call is aborted when the scope ends, or when the budget runs out that was
 * passed on. That budget may be less than the scope's (the reserve), so that this hop can still answer.
 *
 * The call keeps its deadline when the `withTimeout` around it has completed, because its response's body is still to
 * come. It is released when the request has been answered that it was made for.
 *
 * @param until when the budget runs out that was passed on, on the clock of `now()`; `Infinity` when none was passed on
 * @returns the call, which its transport must release; `undefined` when nothing binds it
 */
export function bindCall(scope: Scope | undefined, transport: OutboundTransport, until: number): BoundCall | undefined {
  if (scope === undefined) return undefined;
  // Observe mode: `refuseCall` has counted this call already.
  if (!transport.enforce && (scope.ended() !== undefined || hasObservedCancel(scope))) return undefined;
  const call = new OutboundCall(scope, transport, until);
  call.start(scope);
  return call;
}

/** Releases all calls in flight: they go on, and nothing binds them. */
export function releaseCallsInFlight(): void {
  while (newest !== undefined) newest.release();
}

/**
 * The newest call in flight, the head of a linked list of all of them. Not a `Set`: the tables that a busy set leaves
 * behind keep its former members alive, sockets included, until the next full collection. That took a tenth of the
 * throughput.
 */
let newest: OutboundCall | undefined;

/** A call in flight. Made by {@link bindCall} alone. */
export class OutboundCall implements BoundCall, Alarm, ScopeObserver {
  slot = UNSET;
  readonly due: number;
  private readonly deadline: Deadline | undefined;
  private over = false;
  /** Whether the call has got an answer that is none of 499 or more. */
  private good = false;
  /** The origin of its error, where the call goes on after its last scope. */
  declare private origin: Origin | undefined;
  private older: OutboundCall | undefined = undefined;
  private newer: OutboundCall | undefined = undefined;

  constructor(
    private scope: Scope | undefined,
    private readonly transport: OutboundTransport,
    until: number,
  ) {
    this.deadline = scope?.effectiveDeadline();
    const due = this.deadline?.due ?? Number.POSITIVE_INFINITY;
    // A budget is passed on in whole milliseconds. What rounding took off is no reserve: such a call ends with its scope.
    this.due = until + 1 < due ? until : due;
  }

  start(scope: Scope): void {
    this.link();
    // Where the call is due with its scope, the scope's own alarm rings, and no second one is needed.
    if (this.due < (this.deadline?.due ?? this.due)) setAlarm(this);
    observe(scope, this);
  }

  release(): void {
    if (this.over) return;
    this.over = true;
    this.unlink();
    clearAlarm(this);
    if (!this.good) this.noteFailure();
    if (this.scope !== undefined) unobserve(this.scope, this);
    this.scope = undefined;
  }

  answered(status: number): void {
    this.good = status < 499;
    // At once: the application may answer before the call is over.
    if (!this.good) this.noteFailure();
  }

  /** The request that has made the call may fail for that reason. */
  private noteFailure(): void {
    if (this.scope !== undefined) originOf(this.scope).hasOwnFailure = true;
  }

  remaining(): number {
    return Math.max(this.due - now(), 0);
  }

  ring(): void {
    const reason = this.scope?.ended()?.reason ?? this.ownReason();
    if (reason !== undefined) this.end(reason);
  }

  /** The call's own deadline comes before its scope's, or its scope has completed. */
  private ownReason(): EndReason | undefined {
    const { deadline, scope, origin } = this;
    if (deadline === undefined) return undefined;
    return scope ? endOf(scope, deadline.toError()) : withOrigin(deadline.toError(), origin);
  }

  scopeEnded({ reason }: Ending): void {
    this.end(reason);
  }

  observeCancel(): void {
    record({ type: 'cancelled', side: 'client', transport: this.transport.name });
    this.release();
  }

  requestAnswered(): void {
    this.release();
  }

  scopeCompleted(): void {
    if (this.slot === UNSET && this.due !== Number.POSITIVE_INFINITY) setAlarm(this);
    const next = this.scope?.parent?.live();
    if (this.scope !== undefined && next === undefined) this.origin = originOf(this.scope);
    this.scope = next;
    if (this.scope !== undefined) observe(this.scope, this);
  }

  clearIfUnreachable(): void {
    // The transport holds the call until it is over.
  }

  private end(reason: EndReason): void {
    if (this.over) return;
    this.release();
    const { name: transport } = this.transport;
    if (isDeadlineExceeded(reason)) {
      record({ type: 'exceeded', side: 'client', transport, inherited: (reason as DeadlineExceededError).inherited });
    } else {
      record({ type: 'cancelled', side: 'client', transport });
    }
    if (this.transport.enforce) this.transport.abort(reason);
  }

  private link(): void {
    this.older = newest;
    if (newest !== undefined) newest.newer = this;
    newest = this;
  }

  private unlink(): void {
    const { older, newer } = this;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else newest = older;
    this.older = undefined;
    this.newer = undefined;
  }
}

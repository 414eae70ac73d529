import type { Deadline } from '../../context/deadline.js';
import type { Ending, ScopeObserver } from '../../context/scope/observer.js';
import type { Scope } from '../../context/scope/scope.js';
import { observe, unobserve } from '../../context/scope/watch.js';
import { CallCancelledError, DeadlineExceededError, type EndReason, isDeadlineExceeded } from '../../errors.js';
import { record } from '../../events.js';
import { type Alarm, clearAlarm, setAlarm, UNSET } from '../../time/alarms.js';
import { now } from '../../time/clock.js';

/** What the transport of a call gives us. */
export interface OutboundTransport {
  readonly name: 'http' | 'undici' | 'grpc';
  readonly enforce: boolean;
  /** Ends the call. Called once at most, and not after `release`. */
  abort(reason: EndReason): void;
}

/**
 * The call in flight that was bound last; the others hang on it. Not a `Set`: the tables that a busy one leaves behind
 * keep what was in them alive, up to the socket, until the next full collection; that took a tenth of the throughput.
 */
let newest: OutboundCall | undefined;

/** Lets go of all calls in flight: they go on, bound by nobody. */
export function releaseCallsInFlight(): void {
  while (newest !== undefined) newest.release();
}

/** The scopes whose caller has gone where nothing is enforced. They go on. */
let abandoned: WeakSet<Scope> | undefined;

/** In observe mode, for a scope whose caller has gone: its calls go on, and what would become of them is counted. */
export function abandon(scope: Scope): void {
  abandoned ??= new WeakSet();
  abandoned.add(scope);
  for (let call = newest; call !== undefined; call = call.releaseIfAbandoned());
}

function isAbandoned(scope: Scope): boolean {
  for (let each: Scope | undefined = scope; abandoned && each; each = each.parent) if (abandoned.has(each)) return true;
  return false;
}

/**
 * The reason for which a call that starts under `scope` must fail at once; `undefined` when it may start.
 *
 * @param instant now, on the clock of `now()`
 */
export function reasonNotToCall(
  scope: Scope | undefined,
  name: OutboundTransport['name'],
  instant: number = now(),
): EndReason | undefined {
  if (scope === undefined) return undefined;
  const reason = scope.ended(instant)?.reason;
  if (reason !== undefined || isAbandoned(scope)) record({ type: 'rejected', side: 'client', transport: name });
  return reason;
}

/**
 * A call in flight. It is aborted when the scope ends that it was made under, or when what it was told runs out: the
 * stamped budget, which may be less than the scope's (the reserve), so that this hop can still answer.
 *
 * It keeps its deadline when the `withTimeout` around it has completed, because its response's body is still to come;
 * it is released when the request has been answered for which it was made.
 */
export class OutboundCall implements Alarm, ScopeObserver {
  slot = UNSET;
  readonly due: number;
  private readonly deadline: Deadline | undefined;
  private over = false;
  private older: OutboundCall | undefined = undefined;
  private newer: OutboundCall | undefined = undefined;

  private constructor(
    private scope: Scope | undefined,
    private readonly transport: OutboundTransport,
    toldUntil: number,
  ) {
    this.deadline = scope?.effectiveDeadline();
    const due = this.deadline?.due ?? Number.POSITIVE_INFINITY;
    // The wire's whole milliseconds are no reserve: a call that ends with its scope must end for the same reason.
    this.due = toldUntil + 1 < due ? toldUntil : due;
  }

  /**
   * Starts to watch over a call that was made under `scope`; `undefined` when nothing binds it.
   *
   * @param toldUntil when the budget runs out that was passed on, on the clock of `now()`; `Infinity` when none was. It
   *   counts from the moment when it was written, or later
   */
  static start(scope: Scope | undefined, transport: OutboundTransport, toldUntil: number): OutboundCall | undefined {
    if (scope === undefined) return undefined;
    // It has been counted as rejected, and goes on all the same.
    if (!transport.enforce && (scope.ended() !== undefined || isAbandoned(scope))) return undefined;
    const call = new OutboundCall(scope, transport, toldUntil);
    call.join();
    // Else its scope tells in time.
    if (call.due < (call.deadline?.due ?? call.due)) setAlarm(call);
    observe(scope, call);
    return call;
  }

  /** The ms left until it is aborted; `Infinity`: no deadline binds it. */
  remaining(): number {
    return Math.max(this.due - now(), 0);
  }

  /** The call is over, or is no longer ours (an upgrade). Does nothing the second time. */
  release(): void {
    if (this.over) return;
    this.over = true;
    this.leave();
    clearAlarm(this);
    if (this.scope !== undefined) unobserve(this.scope, this);
    this.scope = undefined;
  }

  /** Counts it as cancelled and lets go of it, if its scope is abandoned. Returns the next older call. */
  releaseIfAbandoned(): OutboundCall | undefined {
    const { older, scope } = this;
    if (!this.transport.enforce && scope !== undefined && isAbandoned(scope)) {
      record({ type: 'cancelled', side: 'client', transport: this.transport.name });
      this.release();
    }
    return older;
  }

  ring(): void {
    const reason = this.scope?.ended()?.reason ?? this.deadline?.toError();
    if (reason !== undefined) this.abort(reason);
  }

  scopeEnded({ reason }: Ending): void {
    this.abort(reason);
  }

  requestAnswered(): void {
    this.release();
  }

  scopeCompleted(): void {
    if (this.slot === UNSET && this.due !== Number.POSITIVE_INFINITY) setAlarm(this);
    this.scope = this.scope?.parent?.live();
    if (this.scope !== undefined) observe(this.scope, this);
  }

  clearIfUnreachable(): void {
    // The transport holds it until the call is over.
  }

  private join(): void {
    this.older = newest;
    if (newest !== undefined) newest.newer = this;
    newest = this;
  }

  private leave(): void {
    const { older, newer } = this;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else newest = older;
    this.older = undefined;
    this.newer = undefined;
  }

  private abort(reason: EndReason): void {
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
}

/**
 * What a call fails with: an error of its own, because a scope's reason is shared by all its calls, each with another
 * target. The scope's reason is its `cause`.
 *
 * @param target method, origin and path: without query and userinfo
 */
export function callError(reason: EndReason, target: string): EndReason {
  const options = { cause: reason };
  const error = isDeadlineExceeded(reason)
    ? new DeadlineExceededError(reason as DeadlineExceededError, options)
    : new CallCancelledError(undefined, options);
  Object.defineProperty(error, 'target', { value: target });
  return error;
}

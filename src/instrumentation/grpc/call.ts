import type { Deadline, Metadata } from '@grpc/grpc-js';
import type { Context } from '@opentelemetry/api';
import { getScope } from '../../context/context-scope.js';
import type { EndReason } from '../../errors.js';
import { probeInjection } from '../../propagation/probe-injection.js';
import { now } from '../../time/clock.js';
import { scopeOfCall } from '../outbound/call-context.js';
import { callError } from '../outbound/call-error.js';
import { type BoundCall, bindCall, type OutboundTransport } from '../outbound/outbound-call.js';
import type { CallListener, ChannelCall, Status } from './callers-context.js';
import { deliverWhenDue, reportSilentEnd } from './early-deadline.js';
import { ownTimeout, stampMetadata } from './stamp.js';
import { DEADLINE_EXCEEDED, EARLY, FAILURES, statusCodeOf } from './status.js';

/** A gRPC call that we make, of any of the four kinds: from its creation to its status. */
export class GrpcCall implements OutboundTransport {
  readonly name = 'grpc';
  /** When grpc-js ends the call by the deadline that we gave it, on the wall clock. */
  private expiry = Number.POSITIVE_INFINITY;
  /** What grpc-js writes as `grpc-timeout`: a `Date`, because a `Date` can still be moved when the call starts. */
  private timeout: Date | undefined = undefined;
  private call: ChannelCall | undefined = undefined;
  /** From the call's start until its status is delivered. */
  private bound: BoundCall | undefined = undefined;
  /** The reason for which we have ended the call. */
  private reason: EndReason | undefined = undefined;
  private over = false;

  /** @param refusal the reason for which the call must not start */
  constructor(
    private readonly context: Context,
    private readonly target: string,
    readonly enforce: boolean,
    private readonly refusal: EndReason | undefined,
  ) {}

  /** The deadline for grpc-js, which also writes it as `grpc-timeout`: the earlier of the application's and ours. */
  deadline(own: Deadline): Deadline {
    // The call fails at its start. grpc-js would report nothing if the deadline passed before the start.
    if (this.refusal !== undefined) return Number.POSITIVE_INFINITY;
    if (!this.enforce || getScope(this.context)?.effectiveDeadline() === undefined) return own;
    // The budget that is passed on, because of the reserve. What is stamped is the budget when the call starts.
    const budget = probeInjection(this.context)?.budget ?? Number.POSITIVE_INFINITY;
    const ours = Date.now() + budget - 1;
    if (!(Number(own) > ours)) return own;
    this.expiry = ours;
    this.timeout = new Date(ours);
    return this.timeout;
  }

  /** Puts this call between the application and `call`, which has been created and has not started. */
  attach(call: ChannelCall): void {
    this.call = call;
    const { start } = call;
    call.start = (metadata, listener) => {
      const finish = (status: Status) => this.finish(status, listener);
      const stamped = stampMetadata(metadata, this.context);
      if (this.refusal !== undefined) this.abort(this.refusal);
      else this.bind(stamped.budget);
      this.keepShorterTimeout(metadata);
      start.call(call, stamped.metadata, {
        onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveStatus: finish,
      });
      reportSilentEnd(this.expiry, metadata, finish);
    };
  }

  abort(reason: EndReason): void {
    this.reason = reason;
    this.call?.cancelWithStatus(statusCodeOf(reason), reason.message);
  }

  private bind(budget: number): void {
    // The budget was rounded down: without a reserve the call must not end before its scope does.
    this.bound = bindCall(scopeOfCall(this.context), this, now() + budget + 1);
  }

  private deliver(status: Status, listener: CallListener): void {
    if (!FAILURES.has(status.code)) this.bound?.answered(200);
    this.bound?.release();
    const { reason, target } = this;
    const ours = reason !== undefined && status.code === statusCodeOf(reason);
    // grpc-js copies the properties of a status to the error that the application gets.
    listener.onReceiveStatus(ours ? { ...status, cause: callError(reason, target), target } : status);
  }

  private finish(status: Status, listener: CallListener): void {
    if (this.over) return;
    this.over = true;
    const deliver = () => this.deliver(status, listener);
    if (this.isOurDeadline(status)) this.deliverWhenDue(deliver);
    else deliver();
  }

  private deliverWhenDue(deliver: () => void): void {
    deliverWhenDue(this.bound?.due ?? 0, () => {
      this.bound?.ring();
      deliver();
    });
  }

  /** Whether grpc-js, or the peer, has ended the call by the deadline that we gave it. */
  private isOurDeadline({ code }: Status): boolean {
    if (code !== DEADLINE_EXCEEDED || this.reason !== undefined || this.bound === undefined) return false;
    return this.expiry !== Number.POSITIVE_INFINITY && this.bound.due - now() <= EARLY;
  }

  /** grpc-js overwrites a `grpc-timeout` of the application's own. The application's counts where it is shorter than ours. */
  private keepShorterTimeout(metadata: Metadata): void {
    const { timeout } = this;
    if (timeout !== undefined) timeout.setTime(Math.min(Number(timeout), Date.now() + ownTimeout(metadata)));
  }
}

import type { Deadline, Metadata } from '@grpc/grpc-js';
import type { Context } from '@opentelemetry/api';
import { getScope } from '../../context/context-scope.js';
import type { EndReason } from '../../errors.js';
import { type Alarm, setAlarm, UNSET } from '../../time/alarms.js';
import { now } from '../../time/clock.js';
import { callError } from '../outbound/call-error.js';
import { type BoundCall, bindCall, type OutboundTransport } from '../outbound/outbound-call.js';
import { refuseCall } from '../outbound/refuse-call.js';
import type { CallListener, ChannelCall, Status } from './callers-context.js';
import { OutgoingFields, ownTimeout } from './stamp.js';
import { DEADLINE_EXCEEDED, EARLY, statusCodeOf } from './status.js';

/** A gRPC call that we make, of any of the four kinds: from its creation to its status. */
export class GrpcCall implements OutboundTransport {
  readonly name = 'grpc';
  /** Why it may not start. */
  private readonly refusal: EndReason | undefined;
  /** When grpc-js ends the call by the deadline that it got from us, on the wall clock. */
  private expiry = Number.POSITIVE_INFINITY;
  /** What grpc-js writes as `grpc-timeout`: a `Date`, because it can still be moved when the call starts. */
  private told: Date | undefined = undefined;
  private call: ChannelCall | undefined = undefined;
  private bound: BoundCall | undefined = undefined;
  /** Why we have ended it. */
  private reason: EndReason | undefined = undefined;
  private over = false;

  constructor(
    private readonly context: Context,
    private readonly target: string,
    readonly enforce: boolean,
  ) {
    this.refusal = refuseCall(getScope(context), 'grpc', enforce);
  }

  /** The deadline for grpc-js: the earlier of the application's own and ours. What it writes as `grpc-timeout` as well. */
  deadline(own: Deadline): Deadline {
    // It fails at its start. A deadline that passes before would be reported to nobody.
    if (this.refusal !== undefined) return Number.POSITIVE_INFINITY;
    if (!this.enforce || getScope(this.context)?.effectiveDeadline() === undefined) return own;
    // Now, because of the reserve. What is written is what is left when the call starts.
    const ours = Date.now() + new OutgoingFields(this.context).budget - 1;
    if (!(Number(own) > ours)) return own;
    this.expiry = ours;
    this.told = new Date(ours);
    return this.told;
  }

  /** Comes between the application and `call`, which has been created and has not started. */
  attach(call: ChannelCall): void {
    this.call = call;
    const start = call.start;
    call.start = (metadata, listener) => {
      const finish = (status: Status) => this.finish(status, listener);
      const fields = new OutgoingFields(this.context);
      if (this.refusal !== undefined) this.abort(this.refusal);
      // The budget is rounded down. The call ends when it is used up, and where nothing is kept back not before.
      else this.bound = bindCall(getScope(this.context), this, now() + fields.budget + 1);
      this.keepShorter(metadata);
      start.call(call, fields.appliedTo(metadata), {
        onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveStatus: finish,
      });
      // An interceptor has let it wait for too long: grpc-js has told its end to nobody.
      if (this.expiry <= Date.now()) setImmediate(finish, expired(metadata));
    };
  }

  abort(reason: EndReason): void {
    this.reason = reason;
    this.call?.cancelWithStatus(statusCodeOf(reason), reason.message);
  }

  /** A `grpc-timeout` of the application's own is overwritten by grpc-js. Where it is shorter than ours, it counts. */
  private keepShorter(metadata: Metadata): void {
    const { told } = this;
    if (told !== undefined) told.setTime(Math.min(Number(told), Date.now() + ownTimeout(metadata)));
  }

  private finish(status: Status, listener: CallListener): void {
    if (this.over) return;
    this.over = true;
    if (this.isOurDeadline(status)) this.deliverWhenDue(status, listener);
    else this.deliver(status, listener);
  }

  /** grpc-js may be early. Whoever is told that the time is up must find it so. */
  private deliverWhenDue(status: Status, listener: CallListener): void {
    const deliver = () => {
      this.bound?.ring();
      this.deliver(status, listener);
    };
    const due = this.bound?.due ?? 0;
    if (due <= now()) deliver();
    else setAlarm(new HeldStatus(due, deliver));
  }

  private deliver(status: Status, listener: CallListener): void {
    this.bound?.release();
    const { reason } = this;
    const ours = reason !== undefined && status.code === statusCodeOf(reason);
    // grpc-js copies what a status holds to the error that the application gets.
    const { target } = this;
    listener.onReceiveStatus(ours ? { ...status, cause: callError(reason, target), target } : status);
  }

  /** Whether grpc-js, or the peer, has ended the call by the deadline that it got from us. */
  private isOurDeadline({ code }: Status): boolean {
    if (code !== DEADLINE_EXCEEDED || this.reason !== undefined || this.bound === undefined) return false;
    return this.expiry !== Number.POSITIVE_INFINITY && this.bound.due - now() <= EARLY;
  }
}

class HeldStatus implements Alarm {
  slot = UNSET;

  constructor(
    readonly due: number,
    readonly ring: () => void,
  ) {}

  clearIfUnreachable(): void {
    // The application waits for it.
  }
}

function expired(metadata: Metadata): Status {
  const MetadataClass = metadata.constructor as new () => Metadata;
  return {
    code: DEADLINE_EXCEEDED,
    details: 'Deadline exceeded before the call started',
    metadata: new MetadataClass(),
  };
}

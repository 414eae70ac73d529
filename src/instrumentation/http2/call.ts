import { AsyncResource } from 'node:async_hooks';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Scope } from '../../context/scope/scope.js';
import type { EndReason } from '../../errors.js';
import { CALL } from '../../private-keys.js';
import { noteAnswer } from '../outbound/downstream-timeout.js';
import { type BoundCall, bindCall, type OutboundTransport } from '../outbound/outbound-call.js';
import { rpcCallError } from '../outbound/rpc-call-error.js';
import { destroyStream } from './destroy-stream.js';

/** A stream, and the call that we keep on it. */
export interface Stream extends ClientHttp2Stream {
  [CALL]?: Http2Call;
}

/** A call of node:http2 in flight, which its scope may abort. */
export class Http2Call implements OutboundTransport {
  readonly name = 'http2';
  private bound: BoundCall | undefined = undefined;
  /** The async context of the caller, in which its listeners have to run: a scope's end comes from anywhere. */
  private caller: AsyncResource | undefined = undefined;

  constructor(
    private readonly stream: Stream,
    readonly enforce: boolean,
    private readonly target: string,
    private readonly ofConnect: boolean,
  ) {}

  /** @param until when the budget runs out that was passed on, on the clock of `now()` */
  bind(scope: Scope | undefined, until: number): void {
    const { stream } = this;
    this.bound = bindCall(scope, this, until);
    if (this.bound === undefined) return;
    this.caller = new AsyncResource('OutboundCall', { requireManualDestroy: true });
    stream[CALL] = this;
    stream.on('response', noteResponse);
    stream.on('close', releaseCall);
  }

  answered(status: number): void {
    this.bound?.answered(status);
  }

  release(): void {
    this.bound?.release();
  }

  abort(reason: EndReason): void {
    const { stream, target, ofConnect } = this;
    const end = () => destroyStream(stream, rpcCallError(reason, target, ofConnect));
    // The scope may have ended while the call was bound.
    if (this.caller === undefined) process.nextTick(end);
    else this.caller.runInAsyncScope(end);
  }
}

/** A listener for 'response', one for all streams. */
function noteResponse(this: Stream, headers: IncomingHttpHeaders & { ':status'?: number }): void {
  const { ':status': status = 0 } = headers;
  this[CALL]?.answered(status);
  noteAnswer(status, (name) => headers[name], 'http2');
}

/** A listener for 'close', one for all streams. */
function releaseCall(this: Stream): void {
  this[CALL]?.release();
}

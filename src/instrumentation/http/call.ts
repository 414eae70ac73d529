import { AsyncResource } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Scope } from '../../context/scope/scope.js';
import type { EndReason } from '../../errors.js';
import { CALL } from '../../private-keys.js';
import { type BoundCall, bindCall, type OutboundTransport } from '../outbound/outbound-call.js';
import { isOfConnect, rpcCallError } from '../outbound/rpc-call-error.js';
import { takeFromQueue } from './agent-queue.js';
import { targetOf } from './call-target.js';
import { rpcOf } from './rpc-call.js';
import { countDown, type Stamp } from './stamp.js';

/** What Node's types don't name of a `ClientRequest`, and the call that we keep on it. */
export interface Request extends ClientRequest {
  /** `undefined`: not seen yet. `null`: nothing binds it. */
  [CALL]?: HttpCall | null;
  readonly res?: IncomingMessage | null;
  readonly upgradeOrConnect: boolean;
  onSocket(socket: Socket | null): void;
}

/** A call of node:http in flight, which its scope may abort. */
export class HttpCall implements OutboundTransport {
  readonly name = 'http';
  /** Whether the request has been given a socket, or `null` in place of one. Node acts on either in the next tick. */
  handedOver = false;
  /** Whether the request's agent had no socket for it at once. */
  queued = false;
  private bound: BoundCall | undefined = undefined;
  /** The async context of the caller, in which its listeners have to run: a scope's end comes from anywhere. */
  private caller: AsyncResource | undefined = undefined;

  constructor(
    private readonly request: Request,
    readonly enforce: boolean,
    private readonly stamp: Stamp,
  ) {}

  /** Binds the call until its request closes. Returns whether there is anything that binds it. */
  bind(scope: Scope | undefined): boolean {
    this.bound = bindCall(scope, this, this.stamp.until);
    if (this.bound === undefined) return false;
    this.caller = new AsyncResource('OutboundCall', { requireManualDestroy: true });
    // 'close' also comes after an upgrade, when the socket belongs to the application.
    this.request.on('close', releaseCall);
    return true;
  }

  /** For a request that never comes to its 'close'. Does nothing the second time. */
  release(): void {
    this.bound?.release();
  }

  /** The head of the answer has arrived. */
  answered(status: number): void {
    this.bound?.answered(status);
  }

  /** The agent hands over a socket, or `null` for a request that was aborted. */
  handOver(socket: Socket | null): void {
    this.handedOver = true;
    // After the wait for a socket the stamp is too large.
    if (this.queued && socket !== null && this.bound) countDown(this.request, this.stamp, this.bound.remaining());
  }

  abort(reason: EndReason): void {
    if (this.request.upgradeOrConnect) return;
    if (this.caller === undefined) this.destroy(reason);
    else this.caller.runInAsyncScope(this.destroy, this, reason);
  }

  private destroy(reason: EndReason): void {
    const { request } = this;
    const { res: response } = request;
    const error = errorOf(request, reason);
    if (response) expectNoAborted(request, response);
    expectError(request);
    // Once the response's head has arrived, destroying the request would give the reader of the body an ECONNRESET. But
    // a response that has been read to its end can't stop an upload any more.
    if (response && !response.destroyed) response.destroy(error);
    else request.destroy(error);
    if (this.handedOver) return;
    takeFromQueue(request);
    // Without this the request would emit its 'error' only once it has got a socket.
    request.onSocket(null);
  }
}

/**
 * Keeps a response from emitting 'aborted' before its 'error': Node emits it for every response that is destroyed before
 * its end, but clients take it for the server's doing. axios reports "stream has been aborted", got an ECONNRESET, which it
 * retries.
 */
function expectNoAborted(request: ClientRequest, response: IncomingMessage): void {
  // Both emit the error. A reader that listens to neither has only 'aborted'.
  const isHeard = request.listenerCount('error') + response.listenerCount('error') > 0;
  if (isHeard) response.removeAllListeners('aborted');
}

/** A listener for 'close', one for all requests. */
function releaseCall(this: Request): void {
  this[CALL]?.release();
}

/** The error that a request fails with, in the words of its client. */
export function errorOf(request: ClientRequest, reason: EndReason): Error {
  return rpcCallError(reason, targetOf(request), isOfConnect(rpcOf(request)));
}

/** Keeps an abort of ours from crashing a process whose code has no listener for 'error'. */
export function expectError(request: ClientRequest): void {
  if (request.listenerCount('error') === 0) request.on('error', () => {});
}

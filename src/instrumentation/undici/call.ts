import type { EndReason } from '../../errors.js';
import type { OutboundTransport } from '../outbound/outbound-call.js';
import { type CallAddress, internal, targetOf } from './call-target.js';
import { failure, withoutThrowing } from './handler-failure.js';

type Upgrade = (...args: unknown[]) => unknown;

/** A `Request` of undici's core, as the channel `undici:request:create` shows it. */
export interface UndiciRequest extends CallAddress {
  /** Names and values in turn. (In undici 5 it is text, and left to whoever knows that.) */
  readonly headers: string[];
  readonly aborted: boolean;
  /** `null` until it is written to a connection. */
  readonly abort: ((error: Error) => void) | null;
  readonly upgrade: string | null;
  addHeader(name: string, value: string): UndiciRequest;
  onError?(error: Error): void;
  onUpgrade?: Upgrade;
  /** Of undici 8, as the next one. */
  onResponseError?(error: Error): void;
  onRequestUpgrade?: Upgrade;
}

/** A request that its scope may abort: one that waits for a connection, is being sent, or is being answered. */
export class RequestCall implements OutboundTransport {
  readonly name = 'undici';

  constructor(
    private readonly request: UndiciRequest,
    readonly enforce: boolean,
  ) {}

  abort(reason: EndReason): void {
    const { request } = this;
    const error = failure(internal(request, 'handler'), reason, targetOf(request));
    withoutThrowing(() => {
      if (request.abort !== null) request.abort(error);
      // Its client skips it when its turn comes.
      else if (request.onError) request.onError(error);
      else request.onResponseError?.(error);
    });
  }
}

/** Calls `released` when the connection has been taken over (WebSocket), which not every version of undici publishes. */
export function onUpgraded(request: UndiciRequest, released: () => void): void {
  if (!request.upgrade) return;
  for (const name of ['onUpgrade', 'onRequestUpgrade'] as const) {
    const original = request[name];
    if (original === undefined) continue;
    request[name] = function upgrade(this: UndiciRequest, ...args: unknown[]) {
      released();
      return original.apply(this, args);
    };
  }
}

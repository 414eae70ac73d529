import type { EndReason } from '../../errors.js';
import { callError } from '../outbound/call-error.js';
import type { OutboundTransport } from '../outbound/outbound-call.js';
import { type CallAddress, targetOf } from './call-target.js';
import type { ConnectFetch } from './connect-fetch.js';
import { failure, withoutThrowing } from './handler-failure.js';
import { internal } from './internals.js';

type Upgrade = (...args: unknown[]) => unknown;

/** A `Request` of undici's core, as the channel `undici:request:create` shows it. */
export interface UndiciRequest extends CallAddress {
  /** Names and values in turn. (Text in undici 5, which is left alone.) */
  readonly headers: string[];
  readonly aborted: boolean;
  /** `null` until it is written to a connection. */
  readonly abort: ((error: Error) => void) | null;
  readonly upgrade: string | null;
  addHeader(name: string, value: string): UndiciRequest;
  onError?(error: Error): void;
  onUpgrade?: Upgrade;
  /** From undici 8 on, as `onRequestUpgrade`. */
  onResponseError?(error: Error): void;
  onRequestUpgrade?: Upgrade;
}

/** A request that its scope may abort: it waits for a connection, is being sent, or is being answered. */
export class UndiciCall implements OutboundTransport {
  readonly name = 'undici';

  constructor(
    private readonly request: UndiciRequest,
    readonly enforce: boolean,
    private readonly connect: ConnectFetch | undefined,
  ) {}

  abort(reason: EndReason): void {
    const { request, connect } = this;
    if (connect !== undefined) {
      connect.abort(callError(reason, targetOf(request)));
      return;
    }
    const error = failure(internal(request, 'handler'), reason, targetOf(request));
    withoutThrowing(() => {
      if (request.abort !== null) request.abort(error);
      // Its client skips the request when its turn comes.
      else if (request.onError) request.onError(error);
      else request.onResponseError?.(error);
    });
  }
}

/**
 * Calls `upgraded` when the connection has been taken over (WebSocket).
 *
 * WORKAROUND undici 6 to 8: only some versions publish a diagnostics channel for an upgrade, as 7.30 does (no issue known);
 * remove when all that are supported publish `undici:request:headers` for it, those in Node as well.
 */
export function onUpgraded(request: UndiciRequest, upgraded: () => void): void {
  if (!request.upgrade) return;
  for (const name of ['onUpgrade', 'onRequestUpgrade'] as const) {
    const original = request[name];
    if (original === undefined) continue;
    request[name] = function upgrade(this: UndiciRequest, ...args: unknown[]) {
      upgraded();
      return original.apply(this, args);
    };
  }
}

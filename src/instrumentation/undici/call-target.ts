import { callTarget } from '../outbound/call-target.js';
import type { SharedCalls } from '../outbound/shared-calls.js';
import type { Settings } from '../settings.js';
import { internal } from './internals.js';

/** Where a call goes: of a request of undici's, or of the options that a request is made from. */
export interface CallAddress {
  readonly method?: string | undefined;
  readonly origin?: string | URL | undefined;
  readonly path?: string | undefined;
}

/**
 * The target of a call: see {@link callTarget}.
 *
 * @param dispatcher a pool or client, which knows the origin of its calls itself
 */
export function targetOf({ method = 'GET', origin, path = '' }: CallAddress, dispatcher?: object): string {
  const base = origin ?? (dispatcher && (internal(dispatcher, 'url') as URL | undefined)) ?? '';
  return callTarget(method, originOf(base), path);
}

function originOf(url: string | URL): string {
  try {
    return new URL(url).origin;
  } catch {
    return '';
  }
}

/** Whether a call is one that several requests may wait for. */
export function isShared(address: CallAddress, shared: SharedCalls | undefined, dispatcher?: object): boolean {
  if (shared === undefined) return false;
  const { origin, path = '' } = address;
  const base = origin ?? (dispatcher && originOfDispatcher(dispatcher)) ?? '';
  return shared.has(typeof base === 'string' ? base : base.origin, path, () => targetOf(address, dispatcher));
}

/** Kept, because to find the origin of a pool or client takes a microsecond. */
const origins = new WeakMap<object, string>();

function originOfDispatcher(dispatcher: object): string {
  let origin = origins.get(dispatcher);
  if (origin === undefined) {
    origin = (internal(dispatcher, 'url') as URL | undefined)?.origin ?? '';
    origins.set(dispatcher, origin);
  }
  return origin;
}

/** Whether a call is none of our business. */
export function isLeftAlone(address: CallAddress, settings: Settings, dispatcher?: object): boolean {
  // The first caller opens the tunnel through a proxy; other callers use it later.
  if (address.method === 'CONNECT') return true;
  return settings.client.ignore?.(targetOf(address, dispatcher)) ?? false;
}

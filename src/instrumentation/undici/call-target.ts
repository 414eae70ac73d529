import type { Settings } from '../settings.js';

/** Where a call goes: of a request of undici's, or of the options that one is made from. */
export interface CallAddress {
  readonly method?: string | undefined;
  readonly origin?: string | URL | undefined;
  readonly path?: string | undefined;
}

/**
 * Method, origin and path. The query and the userinfo may hold secrets.
 *
 * @param dispatcher a pool or client, which knows the origin of its calls itself
 */
export function targetOf({ method = 'GET', origin, path = '' }: CallAddress, dispatcher?: object): string {
  const base = origin ?? (dispatcher && (internal(dispatcher, 'url') as URL | undefined));
  try {
    // What is asked of a proxy is a whole URL.
    const url = new URL(path, base);
    return `${method} ${url.origin}${url.pathname}`;
  } catch {
    return `${method} ${path.split(/[?#]/, 1)[0]}`;
  }
}

/** Whether a call is none of our business. */
export function isLeftAlone(address: CallAddress, settings: Settings, dispatcher?: object): boolean {
  // A tunnel through a proxy is made for whoever comes first, and used by others after him.
  if (address.method === 'CONNECT') return true;
  return settings.client.ignore?.(targetOf(address, dispatcher)) ?? false;
}

/** A property that undici keeps under a symbol of its own; `undefined` where there is none. */
export function internal(owner: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description);
  return key && (owner as Record<symbol, unknown>)[key];
}

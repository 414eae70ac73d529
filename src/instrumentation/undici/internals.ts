import { valueUnder } from '../hooks/symbol-named.js';

/**
 * A property that undici keeps under a symbol of its own; `undefined` where there is none.
 *
 * WORKAROUND undici >=6: the handler of a request, the url of a client and the queue of a pool are not public (no issue
 * known); remove when each of them has a public name.
 */
export function internal(owner: object, description: string): unknown {
  return valueUnder(owner, description);
}

/** A `Client`, of which undici's types say less. */
interface Client {
  readonly stats?: { readonly connected: unknown; readonly running: number; readonly pending: number };
}

/**
 * Whether the one call of a client is sent in the next turn: undici checks an idle connection before it uses it.
 *
 * WORKAROUND undici >=7: nothing tells whether a request that has not been written waits for other requests (no issue
 * known); remove when a request tells that it is queued.
 */
export function isSentNext(client: object): boolean {
  const { stats } = client as Client;
  return stats !== undefined && Boolean(stats.connected) && stats.running === 0 && stats.pending === 1;
}

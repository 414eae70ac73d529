import type { ClientRequest } from 'node:http';

/** Node's types don't name the agent of a request; an agent that does not extend Node's has no queues. */
interface AgentRequest {
  readonly agent?: { readonly requests?: Record<string, ClientRequest[] | undefined> };
}

/**
 * Takes a request out of the queue in which it waits for a socket of its agent.
 *
 * WORKAROUND node >=20: a request that is destroyed while it waits for a socket emits its 'error' only when a socket becomes
 * free (no issue known); remove when `destroy` takes a waiting request out of its agent's queue.
 */
export function takeFromQueue(request: ClientRequest): void {
  const queues = (request as ClientRequest & AgentRequest).agent?.requests ?? {};
  for (const [name, queue] of Object.entries(queues)) {
    const index = queue?.indexOf(request) ?? -1;
    if (queue === undefined || index === -1) continue;
    queue.splice(index, 1);
    if (queue.length === 0) delete queues[name];
  }
}

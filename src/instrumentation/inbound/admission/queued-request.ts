import { AsyncResource } from 'node:async_hooks';
import type { Scope } from '../../../context/scope/scope.js';
import { measure, type Transport } from '../../../events.js';
import { NEVER, now } from '../../../time/clock.js';
import type { Arrival, Refusal } from './arrival.js';

/** A request of any transport, as its wait sees it. */
export interface Admittable {
  readonly scope: Scope | undefined;
  readonly transport: Transport;
  /** Requests of the same connection begin in the order in which they came; `undefined`: in any order. */
  readonly connection: object | undefined;
  /** Whether the connection is gone, although no event has told it to the request. */
  readonly isAbandoned: boolean;
  runQueued(run: () => unknown): void;
  refuse(refusal: Refusal): void;
}

/** A request that waits for its handler. */
export class QueuedRequest implements Arrival {
  readonly budget: number | undefined;
  /** The async context of the server's event, in which other instrumentations may have opened contexts of their own. */
  private readonly resource = new AsyncResource('QueuedRequest', { requireManualDestroy: true });

  constructor(
    private readonly request: Admittable,
    private readonly run: () => unknown,
    readonly readAt: number,
  ) {
    const due = request.scope?.effectiveDeadline()?.due ?? NEVER;
    this.budget = due === NEVER ? undefined : Math.max(due - readAt, 0);
    measure('waiting', 1, request.transport);
  }

  get connection(): object | undefined {
    return this.request.connection;
  }

  isOver(): boolean {
    return this.request.isAbandoned || this.request.scope?.ended() !== undefined;
  }

  begin(): void {
    const { transport } = this.request;
    measure('waiting', -1, transport);
    measure('waited', now() - this.readAt, transport);
    this.leave(() => this.request.runQueued(this.run));
  }

  refuse(refusal: Refusal): void {
    measure('waiting', -1, this.request.transport);
    this.leave(() => this.request.refuse(refusal));
  }

  /** Calls `last` in the async context of the request, which is not entered again. */
  private leave(last: () => void): void {
    try {
      this.resource.runInAsyncScope(last);
    } finally {
      // Context managers that follow async_hooks keep the context until then.
      this.resource.emitDestroy();
    }
  }
}

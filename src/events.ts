export type Transport = 'http' | 'http2' | 'undici' | 'grpc';

/** What happened, for whoever counts it. Fixed words only: never a header's value, never a key. */
export type DeadlineEvent =
  | {
      /** A deadline field arrived, and no member of it was valid, or the carrier could not be read. */
      readonly type: 'malformed';
      readonly field: string;
    }
  | {
      /** A baggage member was dropped, or everything behind a limit; in report mode: would have been. */
      readonly type: 'baggage-dropped';
      readonly direction: 'inbound' | 'outbound';
      readonly reason: string;
    }
  | {
      /** Time ran out while a request was served or a call was in flight. */
      readonly type: 'exceeded';
      readonly side: 'server' | 'client';
      readonly transport: Transport;
      /** Whether the deadline came from the caller, or was set in this process. */
      readonly inherited: boolean;
    }
  | {
      /**
       * - `cancelled`: the caller went away while a request was served or a call was in flight
       * - `rejected`: a request that arrived too late, or a call that was not begun
       */
      readonly type: 'cancelled' | 'rejected';
      readonly side: 'server' | 'client';
      readonly transport: Transport;
    }
  | {
      /** A call was answered that the time had run out in the service that was called, or further down. */
      readonly type: 'exceeded-downstream';
      readonly side: 'client';
      readonly transport: Transport;
    }
  | {
      /** A call was made inside a live request, in a context that knows nothing of that. */
      readonly type: 'detached';
      readonly side: 'client';
      readonly transport: Transport;
    };

export type DeadlineEventListener = (event: DeadlineEvent) => void;

const listeners = new Set<DeadlineEventListener>();

/** Tells every listener. What a listener throws is dropped: counting must not break a request. */
export function record(event: DeadlineEvent): void {
  for (const listener of listeners) {
    try {
      listener(event);
    } catch {
      // The listener's own problem, and it has no caller who could handle it.
    }
  }
}

/** Adds a listener and returns what removes it. */
export function listen(listener: DeadlineEventListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The budget of a request that we serve: its `Deadline`, which is asked only when somebody measures. */
export interface MeasuredBudget {
  /** What the request was given, in ms. */
  readonly budget: number;
  /** What has passed since, in ms. */
  readonly spent: number;
}

/** Somebody who measures the budgets of the requests that we serve: every one, so that no event object is made for it. */
export interface BudgetMeter {
  /** A request has arrived with a budget from its caller. */
  received(budget: MeasuredBudget, transport: Transport): void;
  /** A request that had a budget, from its caller or by default, has been served. */
  served(budget: MeasuredBudget, transport: Transport): void;
}

const meters = new Set<BudgetMeter>();

/** Tells whoever measures what has happened to a budget. */
export function measureBudget(moment: keyof BudgetMeter, budget: MeasuredBudget, transport: Transport): void {
  for (const meter of meters) {
    try {
      meter[moment](budget, transport);
    } catch {
      // As with listeners.
    }
  }
}

/** Adds a meter and returns what removes it. */
export function addBudgetMeter(meter: BudgetMeter): () => void {
  meters.add(meter);
  return () => void meters.delete(meter);
}

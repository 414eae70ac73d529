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
      /**
       * - `exceeded`: time ran out while a request was served or a call was in flight
       * - `cancelled`: the caller went away meanwhile
       * - `rejected`: a request that arrived too late, or a call that was not begun
       */
      readonly type: 'exceeded' | 'cancelled' | 'rejected';
      readonly side: 'server' | 'client';
      readonly transport: 'http' | 'http2' | 'undici' | 'grpc';
    };

export type DeadlineEventListener = (event: DeadlineEvent) => void;

const listeners = new Set<DeadlineEventListener>();
const totals = new Map<string, number>();

/** Counts the event and tells every listener. What a listener throws is dropped: counting must not break a request. */
export function emit(event: DeadlineEvent): void {
  const kind = kindOf(event);
  totals.set(kind, (totals.get(kind) ?? 0) + 1);
  for (const listener of listeners) {
    try {
      listener(event);
    } catch {
      // The listener's own problem, and it has no caller who could handle it.
    }
  }
}

/** How often an event like this one has happened since the process began. */
export function totalOf(event: DeadlineEvent): number {
  return totals.get(kindOf(event)) ?? 0;
}

/** Adds a listener and returns what removes it. */
export function listen(listener: DeadlineEventListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The words of an event: few enough to count each combination. */
function kindOf(event: DeadlineEvent): string {
  return Object.values(event).join(' ');
}

/** What happened, for whoever listens (metrics, tests). Never holds a header's value. */
export type DeadlineEvent = {
  /** A deadline field arrived, and no member of it was valid, or the carrier could not be read. */
  readonly type: 'malformed';
  readonly field: string;
};

export type DeadlineEventListener = (event: DeadlineEvent) => void;

const listeners = new Set<DeadlineEventListener>();

/** Tells every listener. What a listener throws is dropped: counting must not break a request. */
export function emit(event: DeadlineEvent): void {
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

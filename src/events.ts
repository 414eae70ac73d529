export type Transport = 'http' | 'http2' | 'undici' | 'grpc' | 'pg';

/**
 * What happened to a deadline or to baggage, for listeners that count. Holds no value of a header and no key of
 * baggage.
 */
export type DeadlineEvent =
  | {
      /** A deadline header arrived in which no value was valid, or the carrier could not be read. */
      readonly type: 'malformed';
      readonly field: string;
    }
  | {
      /** A budget arrived that binds nothing: in a message, or in a carrier that no server and no `withCaller` serves. */
      readonly type: 'unadopted';
    }
  | {
      /** A request failed because the work that it shared with another request has ended with that one. */
      readonly type: 'foreign';
    }
  | {
      /** A baggage member, or all members beyond a limit, were dropped. In report mode: would have been dropped. */
      readonly type: 'baggage-dropped';
      readonly direction: 'inbound' | 'outbound';
      readonly reason: string;
    }
  | {
      /** The deadline passed while a request was served or a call was in flight. */
      readonly type: 'exceeded';
      readonly side: 'server' | 'client';
      readonly transport: Transport;
      /** `true`: the caller sent the deadline. `false`: code of this process set it. */
      readonly inherited: boolean;
    }
  | {
      /**
       * - `cancelled`: the caller went away while a request was served or a call was in flight
       * - `rejected`: a request arrived after its deadline, or a call was refused because its scope had ended
       */
      readonly type: 'cancelled' | 'rejected';
      readonly side: 'server' | 'client';
      readonly transport: Transport;
    }
  | {
      /**
       * A request that had been read was refused before its handler began, because the event loop had no time: `time`
       * (its deadline would have passed) or `full` (too many waited).
       */
      readonly type: 'refused';
      readonly transport: Transport;
      readonly reason: 'time' | 'full';
    }
  | {
      /** A request had to wait for its handler, because the event loop had no time. In observe mode: would have had to. */
      readonly type: 'delayed';
      readonly transport: Transport;
    }
  | {
      /** The response to a call reported that the deadline passed in the called service, or in one that it called. */
      readonly type: 'exceeded-downstream';
      readonly side: 'client';
      readonly transport: Transport;
    }
  | {
      /** A call was made while a request was served, in a context that has lost the scope of the request. */
      readonly type: 'detached';
      readonly side: 'client';
      readonly transport: Transport;
    };

export type DeadlineEventListener = (event: DeadlineEvent) => void;

const listeners = new Set<DeadlineEventListener>();

/** Passes `event` to every listener. An error of a listener is ignored: counting must not break a request. */
export function record(event: DeadlineEvent): void {
  for (const listener of listeners) {
    try {
      listener(event);
    } catch {
      // No caller could handle it.
    }
  }
}

/** Adds a listener. Returns a function that removes it. */
export function listen(listener: DeadlineEventListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The budget of an inbound request. A `Deadline` is one. */
export interface MeasuredBudget {
  /** The time that the request had when it arrived, in ms. */
  readonly budget: number;
  /** The time since it arrived, in ms. Computed when it is read, so it costs nothing while no meter is set. */
  readonly spent: number;
}

/**
 * Measures inbound requests. Methods, not events: an object for every request would cost too much.
 */
export interface RequestMeter {
  /** A request has arrived with a budget from its caller. */
  received(budget: MeasuredBudget, transport: Transport): void;
  /** A request with a budget, from its caller or by default, has been answered. */
  served(budget: MeasuredBudget, transport: Transport): void;
  /** One request more waits for its handler (1), or one less (-1). */
  waiting(change: 1 | -1, transport: Transport): void;
  /** A handler has begun after a wait of `ms`. */
  waited(ms: number, transport: Transport): void;
}

const meters = new Set<RequestMeter>();

/** Passes a measurement to every meter. An error of a meter is ignored. */
export function measure<Moment extends keyof RequestMeter>(
  moment: Moment,
  value: Parameters<RequestMeter[Moment]>[0],
  transport: Transport,
): void {
  for (const meter of meters) {
    try {
      (meter[moment] as (measured: typeof value, transport: Transport) => void)(value, transport);
    } catch {
      // As for listeners.
    }
  }
}

/** Adds a meter. Returns a function that removes it. */
export function addMeter(meter: RequestMeter): () => void {
  meters.add(meter);
  return () => void meters.delete(meter);
}

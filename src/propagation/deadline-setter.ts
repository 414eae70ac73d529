import type { TextMapSetter } from '@opentelemetry/api';

/** Writes a deadline into the headers of a call. A `DeadlinePropagator` is one. */
export interface DeadlineWriter {
  /** The names of all headers that `write` writes, in lower case. */
  fields(): string[];
  /** The names of all headers that the propagator reads, in lower case. */
  fieldsRead(): string[];
  /** Writes a budget of `ms` whole milliseconds, by `setter.set` for each header. */
  write(ms: number, carrier: unknown, setter: TextMapSetter): void;
}

/**
 * A setter of this package. The propagator passes the budget to `setDeadline` instead of writing the headers one by
 * one, because such a setter has to replace headers that are there, and to know the budget. Other setters have no such
 * method.
 */
export interface DeadlineSetter<Carrier> extends TextMapSetter<Carrier> {
  /** @param budget in whole ms; `Infinity`: no deadline */
  setDeadline(carrier: Carrier, budget: number, writer: DeadlineWriter): void;
}

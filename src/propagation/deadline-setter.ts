import type { TextMapSetter } from '@opentelemetry/api';

/** Writes a deadline into the headers of a call. A `DeadlinePropagator` is one. */
export interface DeadlineWriter {
  /** The names of all headers that `write` writes, in lower case. */
  fields(): string[];
  /** The names of all headers that the propagator reads, in lower case. */
  fieldsRead(): string[];
  /**
   * Writes a budget of `ms` whole milliseconds, by `setter.set` for each header. A shorter limit that the carrier holds in
   * a format of others stays: a library or the application has set it for this call.
   */
  write(ms: number, carrier: unknown, setter: ReadingSetter): void;
}

/** A setter that can also read. Of other setters' carriers, plain objects and `Headers` are read. */
export interface ReadingSetter<Carrier = unknown> extends TextMapSetter<Carrier> {
  /** The value of a header, in the form in which the carrier has it; `undefined` or `null` when it is absent. */
  get?(carrier: Carrier, field: string): unknown;
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

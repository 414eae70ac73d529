import type { TextMapSetter } from '@opentelemetry/api';

/** Writes the fields of a deadline: the propagator. */
export interface DeadlineWriter {
  /** The names of all fields that it writes, in lower case. */
  fields(): string[];
  /** The names of all fields that it reads, in lower case. */
  fieldsRead(): string[];
  /** Writes that `ms` are left, in whole ms, with `set` of a setter. */
  write(ms: number, carrier: unknown, setter: TextMapSetter): void;
}

/**
 * A setter that is told of the deadline as such, instead of one field after the other: it has to replace what stands in
 * these fields, and to know what has been passed on. (A setter of anybody else has no such method.)
 */
export interface DeadlineSetter<Carrier> extends TextMapSetter<Carrier> {
  /** @param budget in whole ms; `Infinity`: there is no deadline */
  setDeadline(carrier: Carrier, budget: number, writer: DeadlineWriter): void;
}

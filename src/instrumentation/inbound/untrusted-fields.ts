import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { DeadlineWriter } from '../../propagation/deadline-setter.js';
import { probeInjection } from '../../propagation/probe-injection.js';

let known: readonly DeadlineWriter[] = [];
let fields = fieldsOf(known);

/**
 * The fields that don't count in a request whose caller is not trusted: those of the deadline, in all formats that the
 * registered propagator reads or writes, and the baggage. In lower case.
 */
export function untrustedFields(): Iterable<string> {
  // Asked each time, because another propagator may have been registered meanwhile.
  const writers = probeInjection(ROOT_CONTEXT)?.writers ?? [];
  if (writers.length !== known.length || writers.some((writer, i) => writer !== known[i])) {
    known = writers;
    fields = fieldsOf(writers);
  }
  return fields;
}

function fieldsOf(writers: readonly DeadlineWriter[]): ReadonlySet<string> {
  return new Set([TIMEBUDGET, 'baggage', ...writers.flatMap((writer) => [...writer.fields(), ...writer.fieldsRead()])]);
}

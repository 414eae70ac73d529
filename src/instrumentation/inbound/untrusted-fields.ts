import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { DeadlineSetter } from '../../propagation/deadline-setter.js';
import { inject } from '../hooks/safe-propagation.js';
import type { InboundRequest } from '../options.js';

/**
 * The fields by which a caller says how long he waits, and his baggage: what does not count when he is not trusted. In
 * lower case.
 */
export function untrustedFields(): Set<string> {
  const fields = new Set([TIMEBUDGET, 'baggage']);
  const setter: DeadlineSetter<null> = {
    set() {},
    setDeadline(_, __, writer) {
      for (const field of [...writer.fields(), ...writer.fieldsRead()]) fields.add(field);
    },
  };
  inject(ROOT_CONTEXT, null, setter);
  return fields;
}

/** Removes fields from a request, so that an application that copies its headers does not pass them on. */
export function removeFields(request: InboundRequest, fields: Iterable<string>): void {
  const { headers } = request;
  const present = new Set([...fields].filter((field) => headers[field] !== undefined));
  if (present.size === 0) return;
  // Node makes it of the raw headers when it is first asked for, and counts on these being complete. Not in HTTP/2.
  const distinct = 'headersDistinct' in request ? request.headersDistinct : {};
  for (const field of present) {
    delete headers[field];
    delete distinct[field];
  }
  const { rawHeaders } = request;
  for (let slot = rawHeaders.length - 2; slot >= 0; slot -= 2) {
    if (present.has(rawHeaders[slot]?.toLowerCase() ?? '')) rawHeaders.splice(slot, 2);
  }
}

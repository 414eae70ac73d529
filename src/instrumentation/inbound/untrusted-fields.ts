import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { DeadlineSetter } from '../../propagation/deadline-setter.js';
import { inject } from '../hooks/safe-propagation.js';

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

import type { Context } from '@opentelemetry/api';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { DeadlineSetter, ReadingSetter } from '../../propagation/deadline-setter.js';
import { withRpcTimeout } from '../../propagation/rpc-timeout.js';
import { inject } from '../hooks/safe-propagation.js';
import type { Fields } from './fields.js';

const WRITER: ReadingSetter<Fields> = {
  get: (fields, field) => fields.get(field),
  set: (fields, field, value) => fields.set(field, value),
};

/**
 * Writes the fields of `context` into those of a call.
 *
 * @param isShared the budget of the request that happens to make the call is not the call's own
 * @returns the budget that was stamped, in whole ms; `Infinity` when none was
 */
export function stampFields(fields: Fields, context: Context, isShared: boolean): number {
  let stamped = Number.POSITIVE_INFINITY;
  const setter: DeadlineSetter<Fields> = {
    set(_, field, value) {
      // What is there was written by the application or another instrumentation.
      if (fields.get(field) === undefined) fields.set(field, value);
    },
    setDeadline(_, budget, writer) {
      stamped = budget;
      const call = { field: (name: string) => fields.text(name), path: fields.text(':path') };
      if (budget !== Number.POSITIVE_INFINITY)
        withRpcTimeout(writer, call).write(budget, fields, WRITER as ReadingSetter);
      else if (isShared) fields.remove(TIMEBUDGET);
    },
  };
  inject(context, fields, setter);
  return stamped;
}

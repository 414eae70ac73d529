import { ROOT_CONTEXT, type TextMapPropagator } from '@opentelemetry/api';
import type { DeadlineSetter } from '../propagation/deadline-setter.js';

/** Whether a propagator writes deadlines, in whichever formats: one of ours, alone or among others. */
export function carriesDeadline(propagator: TextMapPropagator): boolean {
  let carries = false;
  const setter: DeadlineSetter<object> = {
    set() {},
    setDeadline() {
      carries = true;
    },
  };
  try {
    propagator.inject(ROOT_CONTEXT, {}, setter);
  } catch {
    // None of ours.
  }
  return carries;
}

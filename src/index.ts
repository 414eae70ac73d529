// The OpenTelemetry set-up

// What a service asks: how long does my caller still wait?
export {
  abortSignal,
  deleteDeadline,
  getDeadline,
  remainingTime,
  setDeadline,
  throwIfExceeded,
} from './context/context-deadline.js';
// The deadline as a value in a Context
export { Deadline } from './context/deadline.js';
// Less time, a way to cancel, or freedom from both, for a piece of work
export { detach, withCancel, withDeadline, withTimeout } from './context/with-scope.js';
// What a call fails with when its time is up or its caller has gone
export {
  CallCancelledError,
  DeadlineExceededError,
  type ExceededDeadline,
  isCallCancelled,
  isDeadlineExceeded,
} from './errors.js';
export { createPropagator, type PropagatorOptions } from './propagation/create-propagator.js';
export type { DeadlinePropagatorOptions } from './propagation/deadline-options.js';
export { DeadlinePropagator } from './propagation/deadline-propagator.js';

// The propagators, for the set-up of OpenTelemetry
export { createPropagator, type PropagatorOptions } from './propagation/create-propagator.js';
export { DeadlinePropagator } from './propagation/deadline-propagator.js';
export type { DeadlinePropagatorOptions } from './propagation/deadline-options.js';
export { TraceContextPropagator } from './propagation/trace-context/propagator.js';
export { BoundedBaggagePropagator } from './propagation/baggage/propagator.js';
export type { BaggageDrop, BaggagePropagatorOptions, CustomBaggageLimits } from './propagation/baggage/options.js';
export type { BaggageDropReason } from './wire/baggage/gate.js';
export type { KeyFilter } from './propagation/baggage/key-filter.js';

// The headers in which other systems send a deadline, for the options `extract` and `inject`
export { timebudget } from './wire/formats/timebudget.js';
export { grpcTimeout } from './wire/formats/grpc-timeout.js';
export { connectTimeoutMs } from './wire/formats/connect-timeout-ms.js';
export { envoyExpectedTimeout, envoyUpstreamTimeout } from './wire/formats/envoy-timeout.js';
export { contextTtlMs } from './wire/formats/context-ttl-ms.js';
export { requestTimeoutMs } from './wire/formats/request-timeout-ms.js';
export { serverTimeout } from './wire/formats/server-timeout.js';
export { xDeadline } from './wire/formats/x-deadline.js';
export { finagleDeadline } from './wire/formats/finagle-deadline.js';
export { durationMs } from './wire/formats/duration-ms.js';
export { epochMs } from './wire/formats/epoch-ms.js';
export {
  type DeadlineFormat,
  deadlineFormat,
  type FormatDefinition,
  type WallClock,
} from './wire/formats/deadline-format.js';
export { timeUntil } from './wire/formats/clock-time.js';
export { type ClockLimits, withClockLimits } from './propagation/clock-limits.js';

// A propagator for services that pass a bare trace id
export { traceIdHeader } from './propagation/trace-id-header.js';

// How long the caller of the current request still waits
export { abortSignal, remainingTime, throwIfExceeded } from './context/context-deadline.js';

// Run a function with less time, with a way to cancel it, with no deadline, or with no baggage
export { detach, withCancel, withDeadline, withTimeout } from './context/with-scope.js';
export { withoutBaggage } from './propagation/baggage/without-baggage.js';

// Run a function once for all that ask for its result meanwhile
export { type SharedOptions, shared } from './context/shared/shared.js';

// Serve a call that arrives over a transport of your own
export { withCaller } from './propagation/with-caller.js';

// The deadline as a value in a Context, for frameworks and libraries
export { Deadline } from './context/deadline.js';
export { deleteDeadline, getDeadline, setDeadline } from './context/context-deadline.js';

// The errors of a call whose deadline has passed or whose caller has gone away
export { CallCancelledError, DeadlineExceededError, type ExceededDeadline } from './errors.js';
export { statusOf } from './context/scope/origin.js';
export { isCallCancelled, isDeadlineExceeded } from './errors.js';

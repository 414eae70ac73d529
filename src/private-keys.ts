// The symbols that this package puts on objects, one of each kind. Other hidden places: the scope in an OpenTelemetry
// Context is under a key of `createContextKey` (context/context-scope.ts), and the `Inbound` of a request is a #field
// of its headers object (propagation/inbound.ts), because a #field was measured to be cheaper than a symbol there.
//
// Keys of `Symbol.for` are for objects that may come from another copy of this package (the other module format,
// another realm); a plain symbol would differ in each copy, and `instanceof` fails for the same reason.

/** On each of our errors, with the kind of error as its value. isDeadlineExceeded and isCallCancelled look for it. */
export const ERROR_KIND = Symbol.for('opentelemetry-propagator-deadline.error');

/** On `Deadline.prototype`: an application may pass a `Deadline` that another copy has made. */
export const IS_DEADLINE = Symbol.for('opentelemetry-propagator-deadline.Deadline');

/** On an `AbortSignal` of ours: who is to know when a listener for 'abort' is added or removed. Not enumerable. */
export const ABORT_LISTENERS = /* @__PURE__ */ Symbol('abort listeners');

/** On a span of the SDK: the scope in which it started, until it has ended. */
export const SPAN_SCOPE = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline scope of a span');

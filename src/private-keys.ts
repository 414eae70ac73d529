// The symbols that this package puts on objects, one of each kind. Other hidden places: the scope in an OpenTelemetry
// Context is under a key of `createContextKey` (context/context-scope.ts), and what belongs to a request's headers
// (propagation/inbound.ts) or to a handler's promise (instrumentation/inbound/handler-rejections.ts) is in a #field
// that private-field.ts puts on objects of others, at less cost.
//
// Keys of `Symbol.for` are for objects that may come from another copy of this package (the other module format,
// another realm); a plain symbol would differ in each copy.

/** On each of our errors, with the kind of error as its value. isDeadlineExceeded and isCallCancelled look for it. */
export const ERROR_KIND = Symbol.for('opentelemetry-propagator-deadline.error');

/** On each of our errors that has ended work: the `Origin` of the scope that ended. Not enumerable. */
export const ERROR_ORIGIN = Symbol.for('opentelemetry-propagator-deadline.origin');

/** On `globalThis`: the `RequestObserver` of the instrumentation that is enabled. */
export const REQUEST_OBSERVER = Symbol.for('opentelemetry-propagator-deadline.requests');

/** On `Deadline.prototype`: an application may pass a `Deadline` that another copy has made. */
export const IS_DEADLINE = Symbol.for('opentelemetry-propagator-deadline.Deadline');

/** On an `AbortSignal` of ours: who is to know when a listener for 'abort' is added or removed. Not enumerable. */
export const ABORT_LISTENERS = /* @__PURE__ */ Symbol('abort');

/** On a span of the SDK: the scope in which it started, until it has ended. */
export const SPAN_SCOPE = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline scope of a span');

/** On `globalThis`: the DeadlineInstrumentation that is enabled. Two would stamp, count and abort everything twice. */
export const ENABLED_INSTRUMENTATION = /* @__PURE__ */ Symbol.for('opentelemetry-propagator-deadline.instrumentation');

/** On a response of HTTP: the `HttpServedRequest` that it answers. */
export const SERVED_REQUEST = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline served request');

/** On a gRPC call that is served, until our innermost function takes it: its `GrpcServedCall`. */
export const SERVED_CALL = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline served call');

/** On a `ClientRequest` of node:http, or a stream of node:http2: its call; `null` when nothing binds the request. */
export const CALL = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline call');

/** On the options of a call that waits in the queue of undici's pool: the waiting call. */
export const QUEUED = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline queued call');

/** On a request of undici: the deadline that was stamped on it. */
export const STAMP = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline stamp');

/** On a query of pg: its `PgStatement`, if a scope binds it. */
export const STATEMENT = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline statement');

/** On a connection of a database: the `Hold`, while a cancel may still hit what runs there. */
export const HELD = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline hold');

/** On a connection of a pool: the `Checkout`, while the application holds the connection. */
export const CHECKOUT = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline checkout');

/** On a client of a version of pg that does not note it: the status of its transaction. */
export const TRANSACTION = /* @__PURE__ */ Symbol('opentelemetry-propagator-deadline transaction');

/** On `globalThis`: what the copies of this package in a process share (propagation/process-registry.ts). */
export const PROCESS_REGISTRY = Symbol.for('opentelemetry-propagator-deadline.registry');

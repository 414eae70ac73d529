// The keys of what is kept on other people's objects. A symbol of ours collides with nobody's, and reading one is cheaper
// than a `WeakMap`.

/** On a `ClientRequest`: the call that it makes; `null` when nothing binds the request. */
export const CALL = Symbol('opentelemetry-propagator-deadline call');

/** On the options of a call that waits in the queue of undici's pool: the waiting call. */
export const QUEUED = Symbol('opentelemetry-propagator-deadline queued call');

/** On a request of undici: the deadline that was stamped on it. */
export const STAMP = Symbol('opentelemetry-propagator-deadline stamp');

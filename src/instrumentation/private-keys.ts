// Every key of ours on an object of others. (Fields that even a debugger may not show are made by private-field.ts.)

/** On a response of HTTP: the request that it answers. */
export const SERVED_REQUEST = Symbol('opentelemetry-propagator-deadline served request');

/** On a gRPC call that is served, until our innermost function has seen it: the same. */
export const SERVED_CALL = Symbol('opentelemetry-propagator-deadline served call');

/**
 * On `globalThis`: the instrumentation that is enabled, whichever copy of this package it comes from. Two would stamp,
 * count and abort everything twice.
 */
export const ENABLED_INSTRUMENTATION = Symbol.for('opentelemetry-propagator-deadline.instrumentation');

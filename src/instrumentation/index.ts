export { DeadlineInstrumentation } from './deadline-instrumentation.js';
export type { ClientOptions, DeadlineInstrumentationConfig, InboundRequest, ServerOptions } from './options.js';

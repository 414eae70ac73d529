export { DeadlineInstrumentation } from './deadline-instrumentation.js';
export type {
  ClientOptions,
  DatabaseMode,
  DatabaseOptions,
  DeadlineInstrumentationConfig,
  InboundCall,
  InboundRequest,
  ServerOptions,
} from './options.js';
export { DEFAULT_SHARED_CALLS } from './outbound/shared-calls.js';

import type { ContextManager } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { WebTracerProvider } from '@opentelemetry/sdk-trace-web';
import { createPropagator } from 'opentelemetry-propagator-deadline';
import { call } from './calls.js';

/** Sets a page up as the README says, and lets the test make its calls. */
export function setUp(settings: { contextManager?: ContextManager } = {}): void {
  new WebTracerProvider().register({ propagator: createPropagator(), ...settings });
  // Other origins get the fields as well, if they allow it.
  registerInstrumentations({ instrumentations: [new FetchInstrumentation({ propagateTraceHeaderCorsUrls: /.*/ })] });
  Object.assign(globalThis, { call });
}

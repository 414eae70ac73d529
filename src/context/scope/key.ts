import { createContextKey } from '@opentelemetry/api';

/** Where a `Context` has its scope. */
export const SCOPE_KEY = createContextKey('opentelemetry-propagator-deadline scope');

// What a page for browsers imports: none of Node's types are there.
import { propagation } from '@opentelemetry/api';
import { abortSignal, createPropagator, withTimeout } from 'opentelemetry-propagator-deadline';

propagation.setGlobalPropagator(createPropagator({ deadline: { maxBudget: 10_000 } }));

export const load = (url: string): Promise<Response> =>
  withTimeout(1000, (context) => fetch(url, { signal: abortSignal(context) ?? null }));

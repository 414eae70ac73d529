import type { TextMapPropagator } from '@opentelemetry/api';
import { checkOptions } from '../check-argument.js';
import type { BaggagePropagatorOptions } from './baggage/options.js';
import { BoundedBaggagePropagator } from './baggage/propagator.js';
import type { DeadlinePropagatorOptions } from './deadline-options.js';
import { DeadlinePropagator } from './deadline-propagator.js';
import { onePass } from './one-pass.js';
import { TraceContextPropagator } from './trace-context/propagator.js';

/** Options of {@link createPropagator}: those of the deadline propagator, and those of the baggage propagator. */
export interface PropagatorOptions {
  readonly deadline?: DeadlinePropagatorOptions;
  readonly baggage?: BaggagePropagatorOptions;
}

/**
 * The propagator for an OpenTelemetry set-up: W3C trace context, bounded baggage and the deadline, for
 * `new NodeSDK({ textMapPropagator: createPropagator() })`.
 *
 * @throws TypeError or RangeError that names the option and quotes what it got
 */
export function createPropagator(options?: PropagatorOptions): TextMapPropagator {
  checkOptions('createPropagator', options, ['deadline', 'baggage']);
  return onePass(
    new TraceContextPropagator(),
    new BoundedBaggagePropagator(options?.baggage),
    new DeadlinePropagator(options?.deadline),
  );
}

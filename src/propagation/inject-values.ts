import { type Context, propagation, type TextMapSetter, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { parentScope } from '../context/context-scope.js';
import type { BoundedBaggagePropagator } from './baggage/propagator.js';
import type { DeadlinePropagator } from './deadline-propagator.js';
import type { TraceContextPropagator } from './trace-context/propagator.js';

/** Writes those values of `context` that the given propagators write. Each value is looked up once. Never throws. */
export function injectValues(
  context: Context,
  carrier: unknown,
  setter: TextMapSetter,
  traceContext?: TraceContextPropagator,
  baggage?: BoundedBaggagePropagator,
  deadline?: DeadlinePropagator,
): void {
  try {
    const suppressed = isTracingSuppressed(context);
    if (!suppressed) {
      traceContext?.injectSpan(trace.getSpanContext(context), carrier, setter);
      baggage?.injectBaggage(propagation.getBaggage(context), carrier, setter);
    }
    deadline?.injectScope(suppressed ? undefined : parentScope(context), context, carrier, setter);
  } catch {
    // The context is none of OpenTelemetry's.
  }
}

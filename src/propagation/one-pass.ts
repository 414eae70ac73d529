import type { TextMapPropagator } from '@opentelemetry/api';
import { overlay } from '../context/overlay-context.js';
import type { BoundedBaggagePropagator } from './baggage/propagator.js';
import type { DeadlinePropagator } from './deadline-propagator.js';
import { injectValues } from './inject-values.js';
import type { TraceContextPropagator } from './trace-context/propagator.js';

/** The propagators of this package, or some of them, as one: it makes one context, and looks each value up once. */
export function onePass(
  traceContext: TraceContextPropagator | undefined,
  baggage: BoundedBaggagePropagator | undefined,
  deadline: DeadlinePropagator | undefined,
): TextMapPropagator {
  return {
    inject(context, carrier, setter) {
      injectValues(context, carrier, setter, traceContext, baggage, deadline);
    },
    extract: (context, carrier, getter) =>
      overlay(
        context,
        traceContext?.extractSpan(carrier, getter),
        baggage?.extractBaggage(context, carrier, getter),
        deadline?.extractScope(context, carrier, getter),
      ),
    fields: () => [traceContext, baggage, deadline].flatMap((propagator) => propagator?.fields() ?? []),
  };
}

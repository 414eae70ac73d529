import { type Attributes, createNoopMeter, type Meter } from '@opentelemetry/api';
import { addBudgetMeter, type BudgetMeter, type DeadlineEvent, listen } from '../events.js';
import { NEVER } from '../time/clock.js';

/** Seconds: from the quickest internal call to a budget that no caller waits out. */
const BUDGET_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** A request that uses more than 0.9 has no reserve; above 1 its caller has gone. */
const UTILIZATION_BOUNDARIES = [0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.5, 2, 5];

const MS_PER_SECOND = 1000;

/**
 * Records what happens to deadlines in the instruments of `meter`. Their names and attributes are documented in
 * docs/telemetry.md. Returns what stops it.
 *
 * Attributes are fixed words, so that the number of time series is bounded whatever arrives.
 */
export function recordMetrics(meter: Meter): () => void {
  // Without a MeterProvider nobody is to be told of anything.
  if (meter === createNoopMeter()) return () => {};
  const stopCounting = listen(counterOf(meter));
  const stopMeasuring = addBudgetMeter(budgetMeterOf(meter));
  return () => {
    stopCounting();
    stopMeasuring();
  };
}

function budgetMeterOf(meter: Meter): BudgetMeter {
  const received = meter.createHistogram('deadline.budget.received', {
    description: 'The budget that inbound requests bring from their callers.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUDGET_BOUNDARIES },
  });
  const utilization = meter.createHistogram('deadline.budget.utilization', {
    description: 'The share of its budget that an inbound request has used when it is done.',
    unit: '1',
    advice: { explicitBucketBoundaries: UTILIZATION_BOUNDARIES },
  });
  return {
    received({ budget }, transport) {
      received.record(budget / MS_PER_SECOND, { 'deadline.transport': transport });
    },
    served(measured, transport) {
      // A default budget may be Infinity: of that there is no share.
      if (measured.budget === NEVER) return;
      utilization.record(measured.spent / measured.budget, { 'deadline.transport': transport });
    },
  };
}

function counterOf(meter: Meter): (event: DeadlineEvent) => void {
  const exceeded = meter.createCounter('deadline.exceeded', {
    description: 'Inbound requests and outbound calls whose time ran out.',
    unit: '{call}',
  });
  const exceededDownstream = meter.createCounter('deadline.downstream.exceeded', {
    description: 'Outbound calls that were answered that the time had run out in the service called, or further down.',
    unit: '{call}',
  });
  const rejected = meter.createCounter('deadline.rejected', {
    description: 'Inbound requests that arrived too late, and outbound calls that were not begun.',
    unit: '{call}',
  });
  const cancelled = meter.createCounter('deadline.cancelled', {
    description: 'Inbound requests and outbound calls whose caller went away before the deadline.',
    unit: '{call}',
  });
  const detached = meter.createCounter('deadline.detached', {
    description: 'Outbound calls made inside a request, in a context that knows nothing of it.',
    unit: '{call}',
  });
  const malformed = meter.createCounter('deadline.field.malformed', {
    description: 'Inbound deadline fields in which nothing was valid.',
    unit: '{field}',
  });
  const baggageDropped = meter.createCounter('deadline.baggage.dropped', {
    description: 'Baggage members that were dropped; what lies behind a limit counts as one.',
    unit: '{member}',
  });
  return (event) => {
    switch (event.type) {
      case 'exceeded':
        return exceeded.add(1, { ...placeOf(event), 'deadline.source': event.inherited ? 'inherited' : 'own' });
      case 'exceeded-downstream':
        return exceededDownstream.add(1, { 'deadline.transport': event.transport });
      case 'rejected':
        return rejected.add(1, placeOf(event));
      case 'cancelled':
        return cancelled.add(1, placeOf(event));
      case 'detached':
        return detached.add(1, placeOf(event));
      case 'malformed':
        return malformed.add(1, { 'deadline.field': event.field });
      case 'baggage-dropped':
        return baggageDropped.add(1, { 'deadline.direction': event.direction, 'deadline.reason': event.reason });
    }
  };
}

function placeOf({ side, transport }: { side: string; transport: string }): Attributes {
  return { 'deadline.side': side, 'deadline.transport': transport };
}

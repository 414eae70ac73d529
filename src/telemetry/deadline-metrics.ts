import { type Attributes, createNoopMeter, type Meter } from '@opentelemetry/api';
import { addMeter, type DeadlineEvent, listen, type RequestMeter } from '../events.js';
import { NEVER } from '../time/clock.js';

/** In seconds, from the fastest internal call to a budget longer than any caller waits. */
const BUDGET_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Above 0.9 a request has hardly any reserve; above 1 its caller has gone away. */
const UTILIZATION_BOUNDARIES = [0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.5, 2, 5];

const MS_PER_SECOND = 1000;

/**
 * Records events and budgets in instruments of `meter`. docs/telemetry.md has their names and attributes. Returns a
 * function that stops the recording.
 *
 * The values of attributes are fixed words, so that no request can add a time series.
 */
export function recordMetrics(meter: Meter): () => void {
  // Without a MeterProvider there is no one to record for.
  if (meter === createNoopMeter()) return () => {};
  const stopCounting = listen(counterOf(meter));
  const stopMeasuring = addMeter(requestMeterOf(meter));
  return () => {
    stopCounting();
    stopMeasuring();
  };
}

function requestMeterOf(meter: Meter): RequestMeter {
  const received = meter.createHistogram('deadline.budget.received', {
    description: 'The budget that inbound requests receive from their callers.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUDGET_BOUNDARIES },
  });
  const utilization = meter.createHistogram('deadline.budget.utilization', {
    description: 'The fraction of its budget that an inbound request has used at its end.',
    unit: '1',
    advice: { explicitBucketBoundaries: UTILIZATION_BOUNDARIES },
  });
  const waiting = meter.createUpDownCounter('deadline.admission.waiting', {
    description: 'Inbound requests that wait for their handlers, because the event loop has no time.',
    unit: '{request}',
  });
  const wait = meter.createHistogram('deadline.admission.wait', {
    description: 'The time from the reading of an inbound request to the begin of its handler, if it had to wait.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUDGET_BOUNDARIES },
  });
  return {
    received({ budget }, transport) {
      received.record(budget / MS_PER_SECOND, { 'deadline.transport': transport });
    },
    served(measured, transport) {
      // A default budget may be Infinity, and then has no utilization.
      if (measured.budget === NEVER) return;
      utilization.record(measured.spent / measured.budget, { 'deadline.transport': transport });
    },
    waiting: (change, transport) => waiting.add(change, { 'deadline.transport': transport }),
    waited: (ms, transport) => wait.record(ms / MS_PER_SECOND, { 'deadline.transport': transport }),
  };
}

function counterOf(meter: Meter): (event: DeadlineEvent) => void {
  const exceeded = meter.createCounter('deadline.exceeded', {
    description: 'Inbound requests and outbound calls whose deadline passed.',
    unit: '{call}',
  });
  const exceededDownstream = meter.createCounter('deadline.downstream.exceeded', {
    description: 'Outbound calls whose response reported that the deadline passed in the called service or below.',
    unit: '{call}',
  });
  const rejected = meter.createCounter('deadline.rejected', {
    description: 'Inbound requests that arrived after their deadline, and outbound calls that were not started.',
    unit: '{call}',
  });
  const refused = meter.createCounter('deadline.admission.refused', {
    description:
      'Inbound requests that were refused after a wait for their handlers, because the event loop had no time.',
    unit: '{request}',
  });
  const delayed = meter.createCounter('deadline.admission.delayed', {
    description: 'Inbound requests that had to wait for their handlers; in observe mode, that would have had to.',
    unit: '{request}',
  });
  const cancelled = meter.createCounter('deadline.cancelled', {
    description: 'Inbound requests and outbound calls whose caller went away before the deadline.',
    unit: '{call}',
  });
  const detached = meter.createCounter('deadline.detached', {
    description: 'Outbound calls made while a request was served, in a context that has lost its scope.',
    unit: '{call}',
  });
  const malformed = meter.createCounter('deadline.field.malformed', {
    description: 'Inbound deadline fields without any valid value.',
    unit: '{field}',
  });
  const unadopted = meter.createCounter('deadline.unadopted', {
    description: 'Budgets that arrived in a message, or otherwise outside of a call that is served: they bind nothing.',
    unit: '{message}',
  });
  const foreign = meter.createCounter('deadline.foreign', {
    description: 'Requests that failed because the work that they shared with another request has ended with that one.',
    unit: '{request}',
  });
  const baggageDropped = meter.createCounter('deadline.baggage.dropped', {
    description: 'Baggage members that were dropped. All members beyond a limit count as one.',
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
      case 'refused':
        return refused.add(1, { 'deadline.transport': event.transport, 'deadline.reason': event.reason });
      case 'delayed':
        return delayed.add(1, { 'deadline.transport': event.transport });
      case 'cancelled':
        return cancelled.add(1, placeOf(event));
      case 'detached':
        return detached.add(1, placeOf(event));
      case 'malformed':
        return malformed.add(1, { 'deadline.field': event.field });
      case 'unadopted':
        return unadopted.add(1);
      case 'foreign':
        return foreign.add(1);
      case 'baggage-dropped':
        return baggageDropped.add(1, { 'deadline.direction': event.direction, 'deadline.reason': event.reason });
    }
  };
}

function placeOf({ side, transport }: { side: string; transport: string }): Attributes {
  return { 'deadline.side': side, 'deadline.transport': transport };
}

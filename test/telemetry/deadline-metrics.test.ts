import { createNoopMeter, type Meter } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { type DeadlineEvent, measure, record } from '../../src/events.js';
import { recordMetrics } from '../../src/telemetry/deadline-metrics.js';
import { boundariesOf, OnDemandReader, pointsOf } from '../support/metric-points.js';

let reader: OnDemandReader;
let meter: Meter;
let stop: () => void;
beforeEach(() => {
  reader = new OnDemandReader();
  meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  stop = recordMetrics(meter);
});
afterEach(() => stop());

/** What an event counts, and under which attributes: all there are. */
const counted: [DeadlineEvent, string, string, Record<string, unknown>][] = [
  [
    { type: 'exceeded', side: 'server', transport: 'http2', inherited: true },
    'deadline.exceeded',
    '{call}',
    { 'deadline.side': 'server', 'deadline.transport': 'http2', 'deadline.source': 'inherited' },
  ],
  [
    { type: 'exceeded', side: 'client', transport: 'undici', inherited: false },
    'deadline.exceeded',
    '{call}',
    { 'deadline.side': 'client', 'deadline.transport': 'undici', 'deadline.source': 'own' },
  ],
  [
    { type: 'rejected', side: 'server', transport: 'grpc' },
    'deadline.rejected',
    '{call}',
    { 'deadline.side': 'server', 'deadline.transport': 'grpc' },
  ],
  [
    { type: 'cancelled', side: 'client', transport: 'http' },
    'deadline.cancelled',
    '{call}',
    { 'deadline.side': 'client', 'deadline.transport': 'http' },
  ],
  [
    { type: 'exceeded-downstream', side: 'client', transport: 'http' },
    'deadline.downstream.exceeded',
    '{call}',
    { 'deadline.transport': 'http' },
  ],
  [
    { type: 'detached', side: 'client', transport: 'grpc' },
    'deadline.detached',
    '{call}',
    { 'deadline.side': 'client', 'deadline.transport': 'grpc' },
  ],
  [{ type: 'unadopted' }, 'deadline.unadopted', '{message}', {}],
  [{ type: 'foreign' }, 'deadline.foreign', '{request}', {}],
  [
    { type: 'malformed', field: 'timebudget' },
    'deadline.field.malformed',
    '{field}',
    { 'deadline.field': 'timebudget' },
  ],
  [
    { type: 'baggage-dropped', direction: 'inbound', reason: 'invalid' },
    'deadline.baggage.dropped',
    '{member}',
    { 'deadline.direction': 'inbound', 'deadline.reason': 'invalid' },
  ],
];

test.each(counted)('%j is counted', async (event, name, unit, attributes) => {
  record(event);
  record(event);
  expect(await pointsOf(reader)).toEqual({ [name]: [{ unit, attributes, value: 2 }] });
});

test('a budget that was received is recorded in seconds, by transport', async () => {
  measure('received', { budget: 1_500, spent: 0 }, 'http');
  measure('received', { budget: 250, spent: 0 }, 'http');
  measure('received', { budget: 40, spent: 0 }, 'grpc');
  const point = (transport: string, value: object) => ({
    unit: 's',
    attributes: { 'deadline.transport': transport },
    value,
  });
  expect(await pointsOf(reader)).toEqual({
    'deadline.budget.received': [point('http', { count: 2, sum: 1.75 }), point('grpc', { count: 1, sum: 0.04 })],
  });
  expect(await boundariesOf(reader, 'deadline.budget.received')).toContain(2.5);
});

test('the share of a budget that was used is recorded, more than all of it too', async () => {
  measure('served', { budget: 200, spent: 50 }, 'http2');
  measure('served', { budget: 200, spent: 300 }, 'http2');
  const point = { unit: '1', attributes: { 'deadline.transport': 'http2' }, value: { count: 2, sum: 1.75 } };
  expect(await pointsOf(reader)).toEqual({ 'deadline.budget.utilization': [point] });
  expect(await boundariesOf(reader, 'deadline.budget.utilization')).toContain(0.9);
});

test('of a budget without end nothing can be used up', async () => {
  measure('served', { budget: Number.POSITIVE_INFINITY, spent: Number.NaN }, 'http');
  expect(await pointsOf(reader)).toEqual({});
});

test('stopped, it records nothing more', async () => {
  stop();
  record({ type: 'malformed', field: 'timebudget' });
  measure('received', { budget: 100, spent: 0 }, 'http');
  expect(await pointsOf(reader)).toEqual({});
});

test('without a MeterProvider nobody looks at a budget', () => {
  stop();
  const stopNoop = recordMetrics(createNoopMeter());
  const budget = jest.fn(() => 100);
  measure('received', Object.defineProperty({ spent: 0, budget: 0 }, 'budget', { get: budget }), 'http');
  expect(budget).not.toHaveBeenCalled();
  stopNoop();
});

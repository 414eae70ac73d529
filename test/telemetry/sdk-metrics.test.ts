import { context, metrics, propagation } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { record } from '../../src/events.js';
import { DeadlineInstrumentation } from '../../src/instrumentation/deadline-instrumentation.js';
import { createPropagator } from '../../src/propagation/create-propagator.js';
import { OnDemandReader, pointsOf } from '../support/metric-points.js';

const malformed = { type: 'malformed', field: 'timebudget' } as const;
const reader = new OnDemandReader();
const instrumentation = new DeadlineInstrumentation();
const sdk = new NodeSDK({
  textMapPropagator: createPropagator(),
  metricReaders: [reader],
  spanProcessors: [],
  logRecordProcessors: [],
  autoDetectResources: false,
  instrumentations: [instrumentation],
});

beforeAll(() => sdk.start());
afterAll(async () => {
  instrumentation.disable();
  await sdk.shutdown();
  for (const api of [metrics, context, propagation]) api.disable();
});

async function malformedCounted(): Promise<unknown> {
  const points = await pointsOf(reader);
  return points['deadline.field.malformed']?.map(({ value }) => value);
}

test('an SDK with a metric reader counts, without code; while the instrumentation is on', async () => {
  record(malformed);
  expect(await malformedCounted()).toEqual([1]);
  instrumentation.disable();
  record(malformed);
  expect(await malformedCounted()).toEqual([1]);
  instrumentation.enable();
  instrumentation.enable();
  record(malformed);
  expect(await malformedCounted()).toEqual([2]);
});

test('another MeterProvider takes the place of the one before; switched off, it records nothing', async () => {
  const before = await malformedCounted();
  instrumentation.setMeterProvider(metrics.getMeterProvider());
  record(malformed);
  expect(await malformedCounted()).toEqual([Number((before as number[])[0]) + 1]);
  instrumentation.disable();
  instrumentation.setMeterProvider(metrics.getMeterProvider());
  record(malformed);
  expect(await malformedCounted()).toEqual([Number((before as number[])[0]) + 1]);
});

import { context, diag, metrics, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { createPropagator } from '../../src/propagation/create-propagator.js';
import { SdkStart } from '../../src/register/sdk-start.js';
import { xDeadline } from '../../src/wire/formats/x-deadline.js';

const ours = createPropagator();
const warnings: string[] = [];
const logged: unknown[] = [];
const sdk = new SdkStart([{ context, propagation, metrics, trace, diag }]);
sdk.keep(ours, (message) => warnings.push(message));
sdk.answerFor(['tracecontext', 'deadline', 'xray']);

beforeEach(() => {
  warnings.length = logged.length = 0;
  const log = (...args: unknown[]) => void logged.push(args[0]);
  diag.setLogger({ error: log, warn: log, info() {}, debug() {}, verbose() {} });
  propagation.disable();
  propagation.setGlobalPropagator(ours);
});
afterEach(() => {
  propagation.disable();
  metrics.disable();
  diag.disable();
});

const composite = (...propagators: TextMapPropagator[]) => new CompositePropagator({ propagators });
const custom = (...fields: string[]): TextMapPropagator => ({
  fields: () => fields,
  inject() {},
  extract: (context) => context,
});

const fail = () => {
  throw new Error('it fails');
};

test.each<[string, TextMapPropagator, boolean]>([
  ["the SDK's default", composite(new W3CTraceContextPropagator(), new W3CBaggagePropagator()), false],
  ['one propagator', new W3CTraceContextPropagator(), false],
  ['one of fields that ours has not', custom('x-trace'), true],
  ['one that fails', { ...custom('x-trace'), inject: fail }, true],
])('%s is left out, without an error', (_, propagator, lossy) => {
  expect(propagation.setGlobalPropagator(propagator)).toBe(true);
  expect(propagation.fields()).toEqual(ours.fields());
  expect(logged).toEqual([]);
  expect(warnings).toEqual(lossy ? [expect.stringMatching(/^a propagator with the fields x-trace is ignored/)] : []);
});

test.each([
  ['among others', composite(custom('x-trace'), createPropagator())],
  ['in a format of somebody else', createPropagator({ deadline: { inject: [xDeadline] } })],
])('one that carries the deadline itself, %s, takes the place of ours', (_, own) => {
  expect(propagation.setGlobalPropagator(own)).toBe(true);
  expect(propagation.fields()).toEqual(own.fields());
  expect([logged, warnings]).toEqual([[], []]);
});

test('where ours is no longer registered, another one is', () => {
  propagation.disable();
  expect(propagation.setGlobalPropagator(custom('x-trace'))).toBe(true);
  expect(propagation.fields()).toEqual(['x-trace']);
});

test.each([
  ['Propagator "deadline" requested through environment variable is unavailable.', false],
  ['unknown propagator from "OTEL_PROPAGATORS": "xray"', false],
  ['Propagator "zipkin" requested through environment variable is unavailable.', true],
  ['the "deadline" of something else', true],
  ['The propagator is deprecated, use ("tracecontext")', true],
])('warning %j is shown: %s', (message, shown) => {
  diag.warn(message);
  expect(logged).toEqual(shown ? [message] : []);
});

test('a MeterProvider is told of once it is registered', () => {
  const told: unknown[] = [];
  sdk.onMeterProvider((provider) => told.push(provider));
  const provider = metrics.getMeterProvider();
  expect([metrics.setGlobalMeterProvider(provider), metrics.setGlobalMeterProvider({ ...provider })]).toEqual([
    true,
    false,
  ]);
  expect(told).toEqual([provider]);
});

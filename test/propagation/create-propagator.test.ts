import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { createPropagator, type PropagatorOptions } from '../../src/propagation/create-propagator.js';
import { useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const headers = {
  traceparent: `00-${traceId}-${spanId}-01`,
  tracestate: 'vendor=1',
  baggage: 'tenant_id=t-1,user_id=u-1',
  timebudget: '7984',
};

function inject(context: Context, options?: PropagatorOptions): Record<string, string> {
  const carrier = {};
  createPropagator(options).inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

const extract = (carrier: object, options?: PropagatorOptions) =>
  createPropagator(options).extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);

test('its fields are those of trace context, baggage and the deadline', () => {
  expect(createPropagator().fields().sort()).toEqual(['baggage', 'timebudget', 'traceparent', 'tracestate']);
});

test('extract reads all three', () => {
  const context = extract(headers);
  expect(trace.getSpanContext(context)).toMatchObject({
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
  expect(trace.getSpanContext(context)?.traceState?.get('vendor')).toBe('1');
  expect(propagation.getBaggage(context)?.getEntry('tenant_id')?.value).toBe('t-1');
  expect(propagation.getBaggage(context)?.getEntry('user_id')?.value).toBe('u-1');
  expect(remainingTime(context)).toBe(7984);
});

test('what was extracted is injected again', () => {
  expect(inject(extract(headers))).toEqual(headers);
});

test.each(Object.keys(headers).filter((name) => name !== 'tracestate'))(
  '%s alone is read and written alone',
  (name) => {
    const carrier = { [name]: headers[name as keyof typeof headers] };
    expect(inject(extract(carrier))).toEqual(carrier);
  },
);

test('one field that is bad does not take the others with it', () => {
  const context = extract({ ...headers, timebudget: 'soon' });
  expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
  expect(propagation.getBaggage(context)?.getEntry('tenant_id')?.value).toBe('t-1');
  expect(trace.getSpanContext(context)?.traceId).toBe(traceId);
  expect(remainingTime(extract({ ...headers, traceparent: 'x', baggage: ';;;' }))).toBe(7984);
});

test('an empty carrier leaves the context as it was', () => {
  expect(extract({})).toBe(ROOT_CONTEXT);
});

test('a span that is set later goes out with the deadline', () => {
  const later = { traceId, spanId: '1'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  const context = trace.setSpanContext(extract(headers), later);
  expect(inject(context)).toMatchObject({ traceparent: `00-${traceId}-${later.spanId}-01`, timebudget: '7984' });
});

test('telemetry carries no deadline', () => {
  expect(inject(suppressTracing(extract(headers)))).not.toHaveProperty('timebudget');
});

test('the options of the deadline reach its propagator', () => {
  const context = setDeadline(ROOT_CONTEXT, Deadline.after(1000));
  expect(inject(context, { deadline: { reserve: 0.25 } })).toEqual({ timebudget: '750' });
  expect(remainingTime(extract(headers, { deadline: { maxBudget: 500 } }))).toBe(500);
});

test.each<[unknown, string]>([
  [{ deadlines: {} }, '"deadlines"'],
  [{ maxBudget: 5 }, '"maxBudget"'],
  [null, 'null'],
  ['deadline', '"deadline"'],
  [5, '5'],
])('createPropagator(%j): a TypeError that quotes it', (options, quoted) => {
  expect(() => createPropagator(options as PropagatorOptions)).toThrow(TypeError);
  expect(() => createPropagator(options as PropagatorOptions)).toThrow(`got ${quoted}`);
});

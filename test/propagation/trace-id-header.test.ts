import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { CompositePropagator, suppressTracing, W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { traceIdHeader } from '../../src/propagation/trace-id-header.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanContext = { traceId, spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.NONE };
const fail = (): never => {
  throw new Error('hostile');
};

const extract = (id: unknown, context: Context = ROOT_CONTEXT, name?: string) =>
  traceIdHeader(name).extract(context, { [name ?? 'x-trace-id']: id }, defaultTextMapGetter);

function inject(context: Context, name?: string): object {
  const carrier = {};
  traceIdHeader(name).inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

describe('inject', () => {
  test('the current trace id', () => {
    const context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
    expect(inject(context)).toEqual({ 'x-trace-id': traceId });
    expect(inject(context, 'X-Correlation')).toEqual({ 'x-correlation': traceId });
    expect(traceIdHeader('X-Correlation').fields()).toEqual(['x-correlation']);
  });

  test('nothing without a span, with an invalid one, or for telemetry', () => {
    expect(inject(ROOT_CONTEXT)).toEqual({});
    expect(inject(trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, traceId: '0'.repeat(32) }))).toEqual({});
    expect(inject(suppressTracing(trace.setSpanContext(ROOT_CONTEXT, spanContext)))).toEqual({});
  });
});

describe('extract', () => {
  test.each([
    ['32 digits', traceId],
    ['upper case', traceId.toUpperCase()],
    ['a UUID', '0af76519-16cd-43dd-8448-eb211c80319c'],
    ['one line', [traceId]],
  ])('%s become the remote trace id', (_, id) => {
    expect(trace.getSpanContext(extract(id))).toMatchObject({ traceId, isRemote: true });
  });

  test.each([
    ['absent', undefined],
    ['empty', ''],
    ['31 digits', traceId.slice(1)],
    ['33 digits', `${traceId}0`],
    ['64 bits', traceId.slice(16)],
    ['no digits', 'x'.repeat(32)],
    ['all zeros', '0'.repeat(32)],
    ['hyphens elsewhere', '0af7-651916cd43dd8448eb211c80319c'],
    ['white space', ` ${traceId}`],
    ['a line feed', `${traceId}\n`],
    ['two ids', [traceId, traceId]],
    ['a number', 5],
  ])('%s: the context as it was', (_, id) => {
    expect(extract(id)).toBe(ROOT_CONTEXT);
  });

  test.each([
    ['0000000000000000b7ad6b7169203331', '000000000000000b'],
    ['0000000000000000000000000000000f', '000000000000000f'],
    ['b7ad6b71692033310000000000000000', 'b7ad6b7169203331'],
  ])('%s gets a parent whose id is valid', (id, spanId) => {
    expect(trace.getSpanContext(extract(id))).toMatchObject({ traceId: id, spanId });
  });

  test('trace context that came in stays, whichever propagator is first', () => {
    const carrier = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`, 'x-trace-id': traceId };
    for (const propagators of [
      [new W3CTraceContextPropagator(), traceIdHeader()],
      [traceIdHeader(), new W3CTraceContextPropagator()],
    ]) {
      const context = new CompositePropagator({ propagators }).extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
      expect(trace.getSpanContext(context)).toMatchObject({ traceId: '1'.repeat(32), traceFlags: TraceFlags.NONE });
    }
  });

  test('a parent-based sampler records a span in that trace, and its id goes out again', () => {
    const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() });
    const tracer = new TracerProvider({ sampler }).getTracer('test');
    const span = tracer.startSpan('served', {}, extract(traceId));
    expect(span.isRecording()).toBe(true);
    expect(inject(trace.setSpan(ROOT_CONTEXT, span))).toEqual({ 'x-trace-id': traceId });
  });
});

test('no exception, whatever it meets', () => {
  const propagator = traceIdHeader();
  const context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
  expect(propagator.extract(ROOT_CONTEXT, {}, { get: fail, keys: fail })).toBe(ROOT_CONTEXT);
  expect(propagator.extract(undefined as never, {}, defaultTextMapGetter)).toBeUndefined();
  expect(() => propagator.inject(context, {}, { set: fail })).not.toThrow();
  expect(() => propagator.inject(undefined as never, {}, defaultTextMapSetter)).not.toThrow();
});

test.each([[''], ['x trace'], [5], [null]])('no header: %p', (name) => {
  expect(() => traceIdHeader(name as string)).toThrow(TypeError);
  expect(() => traceIdHeader(name as string)).toThrow(`got ${JSON.stringify(name)}`);
});

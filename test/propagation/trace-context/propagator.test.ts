import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { CompositePropagator, suppressTracing, TraceState, W3CTraceContextPropagator } from '@opentelemetry/core';
import { TraceContextPropagator } from '../../../src/propagation/trace-context/propagator.js';

const ours = new TraceContextPropagator();
const core = new W3CTraceContextPropagator();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${spanId}-01`;

const extract = (carrier: unknown, propagator: TextMapPropagator = ours) =>
  propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
const read = (carrier: unknown, propagator: TextMapPropagator = ours) =>
  trace.getSpanContext(extract(carrier, propagator));

function sent(context: Context, propagator: TextMapPropagator = ours): Record<string, string> {
  const carrier = {};
  propagator.inject(context, carrier, defaultTextMapSetter);
  return carrier;
}
const sentOf = (spanContext: SpanContext, propagator?: TextMapPropagator) =>
  sent(trace.setSpanContext(ROOT_CONTEXT, spanContext), propagator);

test('its fields are those of core', () => {
  expect(ours.fields()).toEqual(core.fields());
});

describe('valid headers are read and sent as by core', () => {
  test.each<Record<string, unknown>>([
    {},
    { tracestate: 'a=1' },
    { traceparent },
    { traceparent: [traceparent] },
    { traceparent: `00-${traceId}-${spanId}-00` },
    { traceparent: `00-${traceId}-${spanId}-03` },
    { traceparent: ` ${traceparent} ` },
    { traceparent: `cc-${traceId}-${spanId}-01-more` },
    { traceparent, tracestate: 'rojo=00f067aa0ba902b7' },
    { traceparent, tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,ot=th:8;rv:a1b2c3d4e5f607' },
    { traceparent, tracestate: ['rojo=1', 'congo=2,ot=3'] },
    { traceparent, tracestate: Array.from({ length: 32 }, (_, i) => `k${i}=${i}`).join(',') },
    { traceparent: 'x', tracestate: 'a=1' },
    { traceparent, tracestate: '' },
  ])('%j', (headers) => {
    const [mine, theirs] = [read(headers), read(headers, core)];
    const { traceState: state, ...span } = mine ?? ({} as SpanContext);
    const { traceState: reference, ...expected } = theirs ?? ({} as SpanContext);
    expect(span).toStrictEqual(expected);
    for (const key of ['rojo', 'congo', 'ot', 'a', 'k31']) expect(state?.get(key)).toBe(reference?.get(key));
    expect(sent(extract(headers))).toEqual(sent(extract(headers, core), core));
    // Each takes the span context of the other.
    expect(sent(extract(headers, core))).toEqual(sent(extract(headers), core));
  });
});

test('a span context without a trace state has no such property', () => {
  expect(read({ traceparent })).toStrictEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
});

test('a list that nobody has changed is sent byte for byte, in one field', () => {
  const tracestate = [' foo=1 \t , ', '', 'bar= 2,foo=3'];
  expect(sent(extract({ traceparent, tracestate }))).toEqual({ traceparent, tracestate: ' foo=1 \t , ,,bar= 2,foo=3' });
});

test('what a sampler puts in front is sent, and the list of others is kept', () => {
  const spanContext = read({ traceparent, tracestate: 'rojo=1, congo=2' }) as SpanContext;
  const traceState = spanContext.traceState?.set('ot', 'th:8');
  expect(sentOf({ traceId, spanId: '1'.repeat(16), traceFlags: 1, ...(traceState && { traceState }) })).toEqual({
    traceparent: `00-${traceId}-${'1'.repeat(16)}-01`,
    tracestate: 'ot=th:8,rojo=1,congo=2',
  });
});

test('the list of others is sent as they write it, an empty one is not sent', () => {
  const spanContext = { traceId, spanId, traceFlags: 1 };
  expect(sentOf({ ...spanContext, traceState: new TraceState('a=1,b=2') }).tracestate).toBe('a=1,b=2');
  expect(sentOf({ ...spanContext, traceState: new TraceState('') })).toEqual({ traceparent });
});

test.each([0x02, 0x10, 0xff])('the flags %d are sent in two digits, those that are not defined as 0', (traceFlags) => {
  expect(sentOf({ traceId, spanId, traceFlags }).traceparent).toBe(`00-${traceId}-${spanId}-0${traceFlags & 3}`);
});

test.each([undefined, null, 'x', Number.NaN])('flags that are %s are sent as 00', (traceFlags) => {
  expect(sentOf({ traceId, spanId, traceFlags: traceFlags as never }).traceparent).toBe(`00-${traceId}-${spanId}-00`);
});

test('nothing is sent of a span that is not valid, and while tracing is suppressed', () => {
  expect(sentOf(INVALID_SPAN_CONTEXT)).toEqual({});
  expect(sentOf({ traceId: 5, spanId: null, traceFlags: 1 } as never)).toEqual({});
  expect(sent(ROOT_CONTEXT)).toEqual({});
  expect(sent(suppressTracing(extract({ traceparent, tracestate: 'a=1' })))).toEqual({});
});

test('two lines of traceparent are not valid', () => {
  expect(extract({ traceparent: [traceparent, traceparent] })).toBe(ROOT_CONTEXT);
  expect(extract({ traceparent: `${traceparent}, ${traceparent}` })).toBe(ROOT_CONTEXT);
});

test.each<unknown>([5, true, {}, [], [5], [['x']], () => traceparent, Symbol('x'), Buffer.from(traceparent)])(
  'a traceparent of another type: nothing is read',
  (odd) => {
    expect(extract({ traceparent: odd, tracestate: 'a=1' })).toBe(ROOT_CONTEXT);
  },
);

test.each<unknown>([5, {}, [5], Symbol('x'), 'A=1'])('a bad tracestate costs no trace', (tracestate) => {
  expect(read({ traceparent, tracestate })).toStrictEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
});

test('a tracestate that cannot be read costs no trace', () => {
  const carrier = {
    traceparent,
    get tracestate(): never {
      throw new Error('hostile');
    },
  };
  expect(read(carrier)?.traceId).toBe(traceId);
});

describe('nothing throws', () => {
  const fail = (): never => {
    throw new Error('hostile');
  };
  const hostile = new Proxy({}, { get: fail, set: fail, has: fail, ownKeys: fail });
  const context = extract({ traceparent, tracestate: 'a=1' });

  test.each<unknown>([undefined, null, 5, 'text', Symbol('x'), hostile, Object.freeze({})])(
    'a carrier: %#',
    (carrier) => {
      expect(extract(carrier)).toBe(ROOT_CONTEXT);
      expect(() => ours.inject(context, carrier, defaultTextMapSetter)).not.toThrow();
    },
  );

  test('a getter or a setter that throws, or is none', () => {
    for (const none of [{ get: fail, set: fail, keys: fail }, {}, undefined, null, hostile]) {
      expect(ours.extract(ROOT_CONTEXT, { traceparent }, none as never)).toBe(ROOT_CONTEXT);
      expect(() => ours.inject(context, {}, none as never)).not.toThrow();
    }
  });

  test.each<unknown>([undefined, null, 5, {}, hostile, { getValue: fail, setValue: fail, deleteValue: fail }])(
    'a context that is none: %#',
    (none) => {
      expect(ours.extract(none as Context, { traceparent }, defaultTextMapGetter)).toBe(none);
      expect(() => ours.inject(none as Context, {}, defaultTextMapSetter)).not.toThrow();
    },
  );

  test('a span, and a trace state, that throw', () => {
    const traceState = { get: fail, set: fail, unset: fail, serialize: fail } as never;
    expect(sentOf({ traceId, spanId, traceFlags: 1, traceState })).toEqual({ traceparent });
    expect(sent(trace.setSpan(ROOT_CONTEXT, { spanContext: fail } as never))).toEqual({});
  });
});

test('it works in the composite of core, before and after others', () => {
  const { core: theirs, ours: mine } = { core: new W3CTraceContextPropagator(), ours };
  for (const propagators of [
    [mine, theirs],
    [theirs, mine],
  ]) {
    const composite = new CompositePropagator({ propagators });
    const headers = { traceparent, tracestate: 'a=1,b=2' };
    expect(sent(composite.extract(ROOT_CONTEXT, headers, defaultTextMapGetter), composite)).toEqual(headers);
  }
});

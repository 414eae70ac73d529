import { defaultTextMapGetter, defaultTextMapSetter, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { readEnvironment } from '../../src/register/environment.js';
import { type Installed, propagatorFor } from '../../src/register/propagators.js';

const packages: Record<string, Record<string, unknown>> = {
  '@opentelemetry/propagator-b3': require('@opentelemetry/propagator-b3'),
  '@opentelemetry/propagator-jaeger': require('@opentelemetry/propagator-jaeger'),
};
const installed: Installed = (name) => packages[name];

function make(env: Record<string, string>, from: Installed = installed) {
  const warnings: string[] = [];
  const settings = readEnvironment(env, (message) => warnings.push(message));
  const propagator = propagatorFor(settings, from, (message) => warnings.push(message));
  return { propagator, warnings };
}

/** The fields that a context with all of it is sent in. */
function sent(env: Record<string, string>, from?: Installed): Record<string, string> {
  const { propagator } = make(env, from);
  const spanContext = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', traceFlags: 1 };
  const traced = trace.setSpanContext(ROOT_CONTEXT, spanContext);
  const baggage = propagation.createBaggage({ user: { value: 'u-17' }, tenant: { value: 'globex' } });
  const context = setDeadline(propagation.setBaggage(traced, baggage), Deadline.after(60_000));
  const carrier: Record<string, string> = {};
  propagator?.inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

test.each([
  ['', ['baggage', 'timebudget', 'traceparent']],
  ['tracecontext', ['traceparent']],
  ['baggage', ['baggage']],
  ['deadline', ['timebudget']],
  ['deadline,tracecontext', ['timebudget', 'traceparent']],
  ['deadline,baggage,tracecontext', ['baggage', 'timebudget', 'traceparent']],
  ['tracecontext,baggage', ['baggage', 'traceparent']],
  ['deadline,b3,baggage,tracecontext', ['b3', 'baggage', 'timebudget', 'traceparent']],
  ['b3,deadline', ['b3', 'timebudget']],
  ['b3multi', ['x-b3-sampled', 'x-b3-spanid', 'x-b3-traceid']],
  ['jaeger', ['uber-trace-id', 'uberctx-tenant', 'uberctx-user']],
])('OTEL_PROPAGATORS=%s sends %j', (OTEL_PROPAGATORS, fields) => {
  expect(Object.keys(sent({ OTEL_PROPAGATORS })).sort()).toEqual(fields);
  expect(make({ OTEL_PROPAGATORS }).warnings).toEqual([]);
});

test.each([
  ['b3,deadline,tracecontext', '1'],
  ['tracecontext,b3,deadline', '2'],
])('OTEL_PROPAGATORS=%s: of two parents the one of the last name counts', (OTEL_PROPAGATORS, digit) => {
  const [w3c, b3] = ['1', '2'].map((each) => `${each.repeat(32)}-${each.repeat(16)}`);
  const headers = { traceparent: `00-${w3c}-01`, b3: `${b3}-1`, timebudget: '5000' };
  const context = make({ OTEL_PROPAGATORS }).propagator?.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  expect(context && trace.getSpanContext(context)?.traceId).toBe(digit.repeat(32));
  expect(context && remainingTime(context)).toBeGreaterThan(0);
});

test('the options of the environment are those of its propagators', () => {
  const fields = sent({
    OTEL_DEADLINE_RESERVE: '50%',
    OTEL_DEADLINE_BAGGAGE_LIMITS: '1,4096',
    OTEL_DEADLINE_BAGGAGE_PINNED: 'tenant',
  });
  expect(Number(fields.timebudget)).toBeLessThanOrEqual(30_000);
  expect(fields.baggage).toBe('tenant=globex');
});

test.each(['none', 'none,deadline'])('OTEL_PROPAGATORS=%s makes none, and is no mistake', (OTEL_PROPAGATORS) => {
  expect(make({ OTEL_PROPAGATORS })).toEqual({ propagator: undefined, warnings: [] });
});

test.each([
  ['zipkin', /^OTEL_PROPAGATORS: unknown name "zipkin" is ignored: expected tracecontext, .*, b3, /],
  ['constructor', /^OTEL_PROPAGATORS: unknown name "constructor" is ignored/],
  ['xray', /^OTEL_PROPAGATORS: "xray" needs @opentelemetry\/propagator-aws-xray, which is not installed$/],
])('OTEL_PROPAGATORS=%s,deadline: there is none of that name, which is told; the others go on', (name, told) => {
  const env = { OTEL_PROPAGATORS: `${name},deadline` };
  expect(make(env).warnings).toEqual([expect.stringMatching(told)]);
  expect(Object.keys(sent(env))).toEqual(['timebudget']);
});

test('a package that exports something else counts as none', () => {
  expect(make({ OTEL_PROPAGATORS: 'b3' }, () => ({})).propagator).toBeUndefined();
});

import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { setScope } from '../../src/context/context-scope.js';
import { Deadline } from '../../src/context/deadline.js';
import { Scope } from '../../src/context/scope/scope.js';
import { CallCancelledError } from '../../src/errors.js';
import { DeadlineSpanProcessor } from '../../src/telemetry/deadline-span-processor.js';
import { clearHangUp, type EndingSpan } from '../../src/telemetry/http-hang-up.js';

const exporter = new InMemorySpanExporter();
const tracer = new TracerProvider({
  spanProcessors: [new DeadlineSpanProcessor(), new SimpleSpanProcessor({ exporter })],
}).getTracer('test');
beforeEach(() => exporter.reset());

const HTTP = { 'http.request.method': 'GET' };
const { CLIENT, SERVER, INTERNAL } = SpanKind;
const { ERROR, OK, UNSET } = SpanStatusCode;

const scopeOfCaller = () => new Scope(undefined, Deadline.fromCaller(60_000), 'owned');

/** A span that ends after its caller has hung up, as it was exported. */
function ended(kind: SpanKind, attributes: Attributes, record: (span: Span) => void, scope = scopeOfCaller()) {
  const span = tracer.startSpan('GET', { kind, attributes }, setScope(ROOT_CONTEXT, scope));
  scope.cancel();
  record(span);
  span.end();
  const [exported] = exporter.getFinishedSpans();
  return {
    status: exported?.status,
    type: exported?.attributes['error.type'],
    events: exported?.events.map(({ name }) => name),
  };
}

/** What an instrumentation does when a call fails. */
const fails = (error: Error, type = error.name) => {
  return (span: Span) => {
    span.setAttribute('error.type', type);
    span.recordException(error);
    span.setStatus({ code: ERROR, message: error.message });
  };
};
const hangsUp = fails(new CallCancelledError());
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const statusOnly = (code: SpanStatusCode) => (span: Span) => void span.setStatus({ code });
const all = (...records: ((span: Span) => void)[]) => {
  return (span: Span) => {
    for (const record of records) record(span);
  };
};

test.each<[string, SpanKind, Attributes, (span: Span) => void]>([
  ['by its name', CLIENT, HTTP, hangsUp],
  ['by its code', CLIENT, HTTP, fails(new CallCancelledError(), 'CANCELLED')],
  [
    'by its type alone, where the SDK keeps no events',
    CLIENT,
    { ...HTTP, 'error.type': 'CANCELLED' },
    statusOnly(ERROR),
  ],
  ['with another message', CLIENT, HTTP, fails(new CallCancelledError('the user has left'))],
  ["as the signal's own error", CLIENT, HTTP, fails(new DOMException('This operation was aborted', 'AbortError'))],
  [
    'by names of older conventions',
    CLIENT,
    { 'http.method': 'GET', 'http.error_name': 'CallCancelledError', 'http.error_message': 'call cancelled' },
    all((span) => span.recordException(new CallCancelledError()), statusOnly(ERROR)),
  ],
  [
    'of a server, by the application',
    SERVER,
    HTTP,
    all((span) => span.recordException(new CallCancelledError()), statusOnly(ERROR)),
  ],
  ['of a server that had begun to answer 404', SERVER, { ...HTTP, 'http.response.status_code': 404 }, hangsUp],
])('a hang-up that was recorded as an error is none: %s', (_, kind, attributes, record) => {
  expect(ended(kind, attributes, record)).toEqual({
    status: { code: UNSET },
    type: undefined,
    events: ['deadline.cancelled'],
  });
  const { attributes: left } = exporter.getFinishedSpans()[0] ?? {};
  expect(Object.keys(left ?? {}).filter((name) => name.includes('error'))).toEqual([]);
});

test.each<[string, SpanKind, Attributes]>([
  ['client, 404', CLIENT, { 'http.response.status_code': 404 }],
  ['client, 503, by the older name', CLIENT, { 'http.status_code': 503 }],
  ['server, 500', SERVER, { 'http.response.status_code': 500 }],
])('the response was an error before the hang-up, and stays one: %s', (_, kind, attributes) => {
  const code = String(Object.values(attributes)[0]);
  expect(ended(kind, { ...HTTP, ...attributes }, hangsUp)).toEqual({
    status: { code: ERROR },
    type: code,
    events: ['deadline.cancelled'],
  });
});

test.each<[string, SpanKind, Attributes, (span: Span) => void]>([
  ['it failed for another reason', CLIENT, HTTP, fails(refused)],
  ['it failed for another reason, too', CLIENT, HTTP, all(fails(refused), hangsUp)],
  [
    'it failed for another reason, which is its type',
    CLIENT,
    { ...HTTP, 'error.type': 'ECONNREFUSED' },
    statusOnly(ERROR),
  ],
  ['a timeout of its own', CLIENT, HTTP, fails(new DOMException('too late', 'TimeoutError'))],
  [
    'the handler answered 500',
    SERVER,
    { ...HTTP, 'http.response.status_code': 500, 'error.type': '500' },
    statusOnly(ERROR),
  ],
  ['the application set the status', CLIENT, HTTP, statusOnly(ERROR)],
  ['the application set OK', CLIENT, HTTP, all(hangsUp, statusOnly(OK))],
  ['neither a client nor a server', INTERNAL, HTTP, hangsUp],
  ['not HTTP', CLIENT, {}, hangsUp],
  ['an RPC over HTTP', CLIENT, { ...HTTP, 'rpc.system': 'grpc' }, hangsUp],
])('nothing is taken back: %s', (_, kind, attributes, record) => {
  const now = ended(kind, attributes, record);
  exporter.reset();
  // Without a scope that was cancelled.
  const before = ended(kind, attributes, record, completed());
  expect(now).toEqual({ ...before, events: [...(before.events ?? []), 'deadline.cancelled'] });
  expect(now.status?.code).not.toBe(UNSET);
});

function completed(): Scope {
  const scope = scopeOfCaller();
  scope.complete();
  return scope;
}

test('other events stay', () => {
  const record = all((span) => span.addEvent('retry'), hangsUp);
  expect(ended(CLIENT, HTTP, record).events).toEqual(['retry', 'deadline.cancelled']);
});

test('a span of an SDK that can not be changed is left alone', () => {
  const attributes = Object.freeze({ ...HTTP, 'error.type': 'CANCELLED' });
  const span: EndingSpan = Object.freeze({
    kind: CLIENT,
    attributes,
    status: { code: ERROR },
    setAttribute: jest.fn(),
  });
  expect(() => clearHangUp(span)).not.toThrow();
});

test('the work-around is needed: setStatus ignores UNSET', () => {
  const span = tracer.startSpan('GET');
  span.setStatus({ code: ERROR }).setStatus({ code: UNSET }).end();
  expect(exporter.getFinishedSpans()[0]?.status).toEqual({ code: ERROR });
});

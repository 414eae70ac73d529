import {
  context,
  DiagConsoleLogger,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { suppressTracing } from '@opentelemetry/core';
import { detectResources, resourceFromAttributes } from '@opentelemetry/resources';
import { type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { setScope } from '../../src/context/context-scope.js';
import { Deadline } from '../../src/context/deadline.js';
import { Scope } from '../../src/context/scope/scope.js';
import { withCancel, withTimeout } from '../../src/context/with-scope.js';
import { DeadlineSpanProcessor } from '../../src/telemetry/deadline-span-processor.js';
import { pendingAlarms } from '../../src/time/alarms.js';
import { advance, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const exported: ReadableSpan[] = [];
const recorder: SpanProcessor = {
  onStart() {},
  onEnd: (span) => void exported.push(span),
  async forceFlush() {},
  async shutdown() {},
};
let tracer: Tracer;
beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  exported.length = 0;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'checkout' }),
    spanProcessors: [new DeadlineSpanProcessor(), recorder],
  });
  tracer = provider.getTracer('test');
});
afterEach(() => context.disable());

/** A request's context: its scope completes when the test says so. */
function request(ms: number): { scope: Scope; context: ReturnType<typeof setScope> } {
  const scope = new Scope(undefined, Deadline.fromCaller(ms), 'owned');
  return { scope, context: setScope(ROOT_CONTEXT, scope) };
}

function start(parent = context.active(), options: SpanOptions = {}) {
  return tracer.startSpan('work', options, parent);
}

const events = () => exported.map((span) => span.events.map(({ name, attributes }) => ({ name, ...attributes })));

/** How long after its start a span says that its event was, in ms. */
function eventOffset(index = 0): number {
  const span = exported[index];
  const [event] = span?.events ?? [];
  if (span === undefined || event === undefined) throw new Error('no event');
  return (event.time[0] - span.startTime[0]) * 1e3 + (event.time[1] - span.startTime[1]) / 1e6;
}

test('names the service, and logs nothing, while a detector of the resource has not answered', () => {
  const errors: unknown[] = [];
  diag.setLogger({ ...new DiagConsoleLogger(), error: (...words: unknown[]) => void errors.push(words) });
  const detected = { attributes: { 'service.name': 'checkout', 'host.id': new Promise<string>(() => {}) } };
  const provider = new TracerProvider({
    resource: detectResources({ detectors: [{ detect: () => detected }] }),
    spanProcessors: [new DeadlineSpanProcessor(), recorder],
  });
  tracer = provider.getTracer('test');
  const span = start(request(100).context);
  advance(100);
  span.end();
  diag.disable();
  expect(errors).toEqual([]);
  expect(events()).toEqual([[expect.objectContaining({ name: 'deadline.exceeded', 'deadline.hop': 'checkout' })]]);
});

describe('a span that starts under a deadline', () => {
  test('says what the deadline gave and what was left, in whole ms', () => {
    const { context } = request(250.9);
    advance(100);
    start(context).end();
    expect(exported[0]?.attributes).toEqual({ 'deadline.budget_ms': 250, 'deadline.remaining_ms': 150 });
    expect(events()).toEqual([[]]);
  });

  test('tells of the deadline that binds it, the earlier one', () => {
    const { context } = request(5_000);
    withTimeout(300, () => start().end(), context);
    withTimeout(9_000, () => start().end(), context);
    expect(exported.map(({ attributes }) => attributes['deadline.budget_ms'])).toEqual([300, 5_000]);
  });

  test('has 0 left when the deadline has passed already, and says so at its start', () => {
    const { context } = request(100);
    advance(150);
    const span = start(context);
    advance(50);
    span.end();
    expect(exported[0]?.attributes).toMatchObject({ 'deadline.remaining_ms': 0 });
    expect(events()).toMatchObject([[{ name: 'deadline.exceeded' }]]);
    expect(eventOffset()).toBeCloseTo(0, 0);
  });

  test('makes no alarm and no watch', () => {
    const { scope, context } = request(250);
    const span = start(context);
    expect([pendingAlarms(), scope.watch]).toEqual([0, undefined]);
    span.end();
  });
});

describe('a span that was open when', () => {
  test('the deadline passed has an event at that time: why, and who spent the budget', () => {
    const { context } = request(250);
    const span = start(context, { kind: SpanKind.SERVER });
    advance(400);
    span.end();
    const reason = 'deadline exceeded: 250 ms budget from the caller, 400 ms spent';
    expect(events()).toEqual([[{ name: 'deadline.exceeded', 'deadline.reason': reason, 'deadline.hop': 'checkout' }]]);
    expect(eventOffset()).toBeCloseTo(250, 0);
  });

  test('the caller went away has another one', () => {
    const { scope, context } = request(250);
    const span = start(context);
    advance(40);
    scope.cancel();
    advance(40);
    span.end();
    expect(events()).toEqual([
      [
        {
          name: 'deadline.cancelled',
          'deadline.reason': 'call cancelled: the caller no longer waits',
          'deadline.hop': 'checkout',
        },
      ],
    ]);
    expect(eventOffset()).toBeCloseTo(40, 0);
  });

  test('the caller went away has that event also where there was no deadline', () => {
    withCancel((_, cancel) => {
      const span = start();
      cancel();
      span.end();
    });
    expect(events()).toMatchObject([[{ name: 'deadline.cancelled' }]]);
    expect(exported[0]?.attributes).toEqual({});
  });

  test('the deadline passed has the event also when its scope has completed since', () => {
    let span = start();
    withTimeout(50, () => {
      span = start();
      advance(60);
    });
    span.end();
    expect(events()).toMatchObject([[{ name: 'deadline.exceeded' }]]);
  });

  test('the deadline passed and the caller went away after that: what was first counts', () => {
    const { scope, context } = request(250);
    const span = start(context);
    advance(300);
    scope.cancel();
    span.end();
    expect(events()).toMatchObject([[{ name: 'deadline.exceeded' }]]);
  });

  test.each([
    ['client', SpanKind.CLIENT, { 'server.address': 'stock', 'server.port': 8080 }, 'checkout → stock:8080'],
    [
      'client by older names',
      SpanKind.CLIENT,
      { 'net.peer.name': 'stock', 'net.peer.port': 80 },
      'checkout → stock:80',
    ],
    ['client without a port', SpanKind.CLIENT, { 'server.address': 'stock' }, 'checkout → stock'],
    ['client without a peer', SpanKind.CLIENT, {}, 'checkout'],
    ['producer', SpanKind.PRODUCER, { 'server.address': 'queue' }, 'checkout → queue'],
    ['server, whose address is its own', SpanKind.SERVER, { 'server.address': 'me' }, 'checkout'],
  ])('names the hop: %s', (_, kind, attributes, hop) => {
    const { context } = request(10);
    const span = start(context, { kind, attributes });
    advance(10);
    span.end();
    expect(events()).toMatchObject([[{ 'deadline.hop': hop }]]);
  });
});

describe('nothing is added to a span', () => {
  test.each<[string, () => void]>([
    ['without a scope', () => start().end()],
    ['with a scope that has neither a deadline nor an end', () => withCancel(() => start().end())],
    ['under a deadline that never passes', () => start(request(Number.POSITIVE_INFINITY).context).end()],
    ['after the scope has completed', () => afterCompletion(request(100))],
  ])('%s', (_, run) => {
    run();
    expect(exported).toMatchObject([{ attributes: {} }]);
    expect(Object.keys(exported[0]?.attributes ?? {})).toEqual([]);
    expect(events()).toEqual([[]]);
  });

  test('that ended in time, although the deadline has passed since', () => {
    const { context } = request(100);
    start(context).end();
    advance(100);
    expect(events()).toEqual([[]]);
  });

  test('whose scope has completed in time, although the deadline has passed since', () => {
    const { scope, context } = request(100);
    const span = start(context);
    scope.completeAnswered();
    advance(200);
    span.end();
    expect(events()).toEqual([[]]);
  });

  test('of telemetry itself', () => {
    const { context } = request(100);
    start(suppressTracing(context)).end();
    expect(exported).toEqual([]);
  });
});

function afterCompletion({ scope, context }: ReturnType<typeof request>): void {
  scope.completeAnswered();
  start(context).end();
}

test('a span that has ended lets go of its scope', () => {
  const { scope, context } = request(100);
  const span = start(context);
  const holders = () => Object.getOwnPropertySymbols(span).map((key) => Reflect.get(span, key)?.scope);
  expect(holders()).toContain(scope);
  span.end();
  expect(holders()).not.toContain(scope);
});

describe('the attribute deadline.ended_by', () => {
  const byDeadline = () => advance(250);
  const byCaller = (scope: Scope) => scope.cancel();
  test.each<[string, string | number, (scope: Scope) => void, string | undefined]>([
    ['rpc.grpc.status_code', 1, byCaller, 'caller'],
    ['rpc.grpc.status_code', 4, byDeadline, 'deadline'],
    ['rpc.response.status_code', 'CANCELLED', byCaller, 'caller'],
    ['rpc.response.status_code', 'DEADLINE_EXCEEDED', byDeadline, 'deadline'],
    // The call ended in another way: it was answered, or cancelled by somebody else.
    ['rpc.grpc.status_code', 0, byCaller, undefined],
    ['rpc.grpc.status_code', 5, byCaller, undefined],
    ['rpc.grpc.status_code', 1, byDeadline, undefined],
    ['rpc.grpc.status_code', 1, () => {}, undefined],
  ])('%s %s', (name, status, end, expected) => {
    const { scope, context } = request(250);
    const span = start(context, { kind: SpanKind.SERVER, attributes: { [name]: status } });
    end(scope);
    span.end();
    expect(exported[0]?.attributes['deadline.ended_by']).toBe(expected);
  });
});

test.each([
  [{ hangUpStatus: 'error' }, "hangUpStatus: expected 'unset' or 'keep', got \"error\""],
  [{ keep: true }, 'DeadlineSpanProcessor options: expected only the options hangUpStatus, got "keep"'],
])('wrong options are refused: %j', (options, message) => {
  expect(() => new DeadlineSpanProcessor(options as never)).toThrow(new TypeError(message));
});

test('an SDK may flush it and shut it down', async () => {
  const processor = new DeadlineSpanProcessor();
  await processor.forceFlush();
  await processor.shutdown();
});

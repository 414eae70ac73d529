import { type ClientHttp2Session, constants, type ServerHttp2Stream } from 'node:http2';
import { context, diag, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { remainingTime } from '../../../../src/context/context-deadline.js';
import { getScope } from '../../../../src/context/context-scope.js';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { isCallCancelled, isDeadlineExceeded } from '../../../../src/errors.js';
import type { InboundCall, InboundRequest } from '../../../../src/instrumentation/options.js';
import { pendingAlarms } from '../../../../src/time/alarms.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { HandledStreams } from '../handled-streams.js';
import { answering, Outcome, Sessions } from '../streams.js';

const sessions = new Sessions();
const enforcement = new Enforcement({ client: { http2: false } });
const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL } = constants;
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

async function serving(then?: ConstructorParameters<typeof HandledStreams>[0]) {
  const streams = new HandledStreams(then);
  const peer = await sessions.serve(streams.handler);
  const session = await sessions.connect(peer.url);
  return { ...peer, streams, session, arrived: () => streams.arrived() };
}

test('a handler has the deadline, the trace context and the baggage of its caller', async () => {
  const { session, arrived } = await serving();
  new Outcome(session.request({ timebudget: '500', traceparent, baggage: 'user=u-17' }));
  const handled = await arrived();
  expect(remainingTime(handled.context)).toBe(500);
  expect(trace.getSpanContext(handled.context)).toMatchObject({ traceId });
  expect(propagation.getBaggage(handled.context)?.getEntry('user')?.value).toBe('u-17');
  session.destroy();
  await within(2_000, 'the cancel', () => handled.signal?.aborted === true);
});

test('what another instrumentation has extracted is kept, and extracted once', async () => {
  const streams = new HandledStreams();
  const peer = await sessions.serve((stream, headers) => {
    const extracted = propagation.extract(context.active(), headers);
    return context.with(extracted, () => streams.handler(stream, headers));
  });
  const session = await sessions.connect(peer.url);
  new Outcome(session.request({ timebudget: '500', traceparent }));
  const { context: seen } = await streams.arrived();
  advance(100);
  expect(remainingTime(seen)).toBe(400);
  expect(getScope(seen)).toBe(getScope(streams.all[0]?.context as never));
  session.destroy();
});

test('the deadline ends the scope, and the handler can still answer', async () => {
  const { session, arrived } = await serving();
  const outcome = new Outcome(session.request({ timebudget: '500' }));
  const { signal, stream } = await arrived();
  advance(500);
  expect(isDeadlineExceeded(signal?.reason)).toBe(true);
  stream.respond({ ':status': 504 });
  stream.end('too late');
  expect(await outcome.body()).toBe('too late');
  await outcome.close();
  expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
});

test('the end of the answer completes the scope: nothing is aborted afterwards', async () => {
  const { session, arrived } = await serving(({ stream, headers }) => answering(stream, headers));
  const outcome = new Outcome(session.request({ timebudget: '500' }));
  expect(await outcome.body()).toBe('answered');
  const { signal, context: seen } = await arrived();
  await within(2_000, 'the scope to complete', () => remainingTime(seen) === Number.POSITIVE_INFINITY);
  advance(1_000);
  expect(signal?.aborted).toBe(false);
  expect(enforcement.counts).toEqual({});
});

describe.each([
  ['NO_ERROR', NGHTTP2_NO_ERROR],
  ['CANCEL', NGHTTP2_CANCEL],
])('a reset with %s', (_, code) => {
  test.each<[string, ConstructorParameters<typeof HandledStreams>[0]]>([
    ['waits', () => {}],
    [
      'has written a part',
      ({ stream }) => {
        stream.respond({ ':status': 200 });
        stream.write('a part');
      },
    ],
    [
      'keeps writing',
      ({ stream }) => {
        stream.respond({ ':status': 200 });
        setImmediate(function write() {
          if (stream.destroyed || stream.aborted) return;
          stream.write('x'.repeat(1000));
          setImmediate(write);
        });
      },
    ],
  ])('cancels the scope while the handler %s', async (_, then) => {
    const { session, arrived } = await serving(then);
    const request = session.request({ timebudget: '60000' }).resume();
    request.on('error', () => {});
    const handled = await arrived();
    request.close(code);
    await within(2_000, 'the signal to abort', () => handled.signal?.aborted === true);
    expect(isCallCancelled(handled.signal?.reason)).toBe(true);
    expect(remainingTime(handled.context)).toBe(0);
    expect(pendingAlarms()).toBe(0);
    expect(enforcement.counts).toEqual({ 'server cancelled': 1 });
  });
});

test.each<[string, (session: ClientHttp2Session, stream?: ServerHttp2Stream) => void]>([
  ['a session that its client destroys', (session) => session.destroy()],
  ['a session that its server destroys', (_, stream) => stream?.session?.destroy()],
])('%s cancels the scopes of all its streams', async (_, lose) => {
  const { session, streams } = await serving();
  for (let i = 0; i < 2; i++) session.request({ timebudget: '60000' }).on('error', () => {});
  await streams.arrived(2);
  lose(session, streams.all[0]?.stream);
  await within(2_000, 'the signals', () => streams.all.every(({ signal }) => signal?.aborted));
  expect(enforcement.counts).toEqual({ 'server cancelled': 2 });
});

test('cancelOnDisconnect: false keeps the work of a stream that is reset', async () => {
  const asked: unknown[] = [];
  const cancelOnDisconnect = (request: InboundRequest | InboundCall) => {
    asked.push([(request as InboundRequest).method, request.url]);
    return false;
  };
  enforcement.configure({ client: { http2: false }, server: { cancelOnDisconnect } });
  const { session, arrived } = await serving();
  const request = session.request({ ':path': '/pay', timebudget: '60000' }).on('error', () => {});
  const { signal, stream } = await arrived();
  request.close(NGHTTP2_CANCEL);
  await within(2_000, 'the reset', () => stream.closed);
  expect(signal?.aborted).toBe(false);
  expect(asked).toContainEqual(['GET', '/pay']);
});

test('a caller that is not trusted brings no budget and no baggage, also not in the headers', async () => {
  enforcement.configure({ client: { http2: false }, server: { trust: false, defaultBudget: 300 } });
  const { session, arrived } = await serving();
  const headers = { timebudget: '60000', baggage: 'user=u-17', traceparent, 'x-own': '1' };
  new Outcome(session.request(headers));
  const handled = await arrived();
  expect(remainingTime(handled.context)).toBe(300);
  expect(propagation.getBaggage(handled.context)).toBeUndefined();
  expect(Object.keys(handled.headers)).toEqual(expect.arrayContaining(['traceparent', 'x-own']));
  expect(Object.keys(handled.headers)).not.toEqual(expect.arrayContaining(['timebudget']));
  expect(handled.headers.baggage).toBeUndefined();
  session.destroy();
  await within(2_000, 'the cancel', () => handled.signal?.aborted === true);
});

test.each([
  ['ignored streams', { server: { ignore: () => true } }],
  ['server.http2: false', { server: { http2: false } }],
])('%s have no scope', async (_, config) => {
  enforcement.configure({ client: { http2: false }, ...config });
  const { session, arrived } = await serving(({ stream, headers }) => answering(stream, headers));
  const outcome = new Outcome(session.request({ timebudget: '0' }));
  expect(await outcome.body()).toBe('answered');
  expect(remainingTime((await arrived()).context)).toBe(Number.POSITIVE_INFINITY);
  expect(enforcement.counts).toEqual({});
});

test('a call in a lost context is noticed', async () => {
  jest.spyOn(diag, 'warn').mockReturnValue();
  enforcement.configure({ lostContexts: 'warn' });
  const other = await sessions.serve(answering);
  const out = await sessions.connect(other.url);
  const { session } = await serving(({ stream, headers }) => {
    context.with(ROOT_CONTEXT, () => new Outcome(out.request()).stream.resume());
    answering(stream, headers);
  });
  expect(await new Outcome(session.request({ timebudget: '500' })).body()).toBe('answered');
  expect(enforcement.counts['client detached']).toBe(1);
});

test('a server that was started inside of a scope does not hand it down', async () => {
  const streams = new HandledStreams();
  const peer = await withTimeout(100, () => sessions.serve(streams.handler));
  const session = await sessions.connect(peer.url);
  new Outcome(session.request({ timebudget: '500' }));
  const handled = await streams.arrived();
  expect(remainingTime(handled.context)).toBe(500);
  session.destroy();
  await within(2_000, 'the cancel', () => handled.signal?.aborted === true);
});

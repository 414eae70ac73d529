import { setImmediate as turn } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { context, propagation, trace } from '@opentelemetry/api';
import { abortSignal, getDeadline, remainingTime } from '../../../src/context/context-deadline.js';
import type { InboundCall, InboundRequest, ServerOptions } from '../../../src/instrumentation/options.js';
import { connectTimeoutMs } from '../../../src/wire/formats/connect-timeout-ms.js';
import { timebudget as timebudgetFormat } from '../../../src/wire/formats/timebudget.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, type Handling, KINDS } from './peers.js';

const client = { grpc: false };
const enforcement = new GrpcEnforcement({ client });
const peers = new GrpcPeers();
const configure = (server: ServerOptions) => enforcement.configure({ client, server });

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

function metadataOf(fields: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
  return metadata;
}

const timebudget = (value: string) => metadataOf({ timebudget: value });

describe.each(KINDS)('a call (%s)', (kind) => {
  test('has the deadline that its caller sent, the trace and the baggage', async () => {
    const metadata = metadataOf({ timebudget: '500', traceparent, baggage: 'user=u-17' });
    const { call } = (await peers.client().ready()).call(kind, metadata);
    const { context: of, signal } = await peers.arrived();
    expect(getDeadline(of)).toMatchObject({ budget: 500, inherited: true });
    expect(trace.getSpanContext(of)).toMatchObject({ traceId, isRemote: true });
    expect(propagation.getBaggage(of)?.getEntry('user')?.value).toBe('u-17');
    advance(500);
    expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED', budget: 500, inherited: true });
    call.cancel();
    await within(2_000, 'it to be counted', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server exceeded grpc': 1 });
  });

  test('whose caller goes away is cancelled', async () => {
    const { call, outcome } = (await peers.client().ready()).call(kind);
    const { signal } = await peers.arrived();
    expect(signal?.aborted).toBe(false);
    call.cancel();
    await within(2_000, 'the signal to abort', () => signal?.aborted === true);
    expect(signal?.reason).toMatchObject({ code: 'CANCELLED' });
    expect(enforcement.counts).toEqual({ 'server cancelled grpc': 1 });
    await outcome;
  });

  test('that has been answered completes: its signal never aborts', async () => {
    peers.app = (handling) => handling.answer();
    const { call, outcome } = peers.client().call(kind, timebudget('500'));
    call.end?.();
    expect(await outcome).toEqual({ error: undefined, messages: ['answer'] });
    const { context: of, signal } = await peers.arrived();
    await within(2_000, 'the scope to complete', () => remainingTime(of) === Number.POSITIVE_INFINITY);
    advance(1_000);
    expect(signal?.aborted).toBe(false);
    expect(enforcement.counts).toEqual({});
  });

  test.each(['0', '-5', '0, 5000', '0.4'])('(timebudget: %s) that arrives too late is not handled', async (value) => {
    const { error } = await peers.client().outcome(kind, timebudget(value));
    expect(error).toMatchObject({ code: 4, details: expect.stringMatching(/^deadline exceeded: 0 ms budget/) });
    expect(error?.metadata.get('timebudget')).toEqual(['0']);
    expect(peers.handlings).toEqual([]);
    expect(enforcement.counts).toEqual({ 'server rejected grpc': 1 });
  });

  test('that arrives with a grpc-timeout of 0 is not handled', async () => {
    // What bare grpc-js sends for a deadline that has passed; other languages fail fast.
    const { error } = await peers.client().outcome(kind, metadataOf({ 'grpc-timeout': '0m' }));
    expect(error).toMatchObject({ code: 4 });
    expect(peers.handlings).toEqual([]);
    expect(enforcement.counts).toEqual({ 'server rejected grpc': 1 });
  });
});

describe('the deadline of a call is the smaller', () => {
  test.each<[string, string | undefined, number | undefined, number]>([
    ['of the two, the field', '300', 900, 300],
    ['of the two, the grpc-timeout', '900', 300, 300],
    ['one, the grpc-timeout alone', undefined, 300, 300],
    ['one, the field alone', '300', undefined, 300],
    ['none', undefined, undefined, Number.POSITIVE_INFINITY],
    ['one that is valid', 'soon', 300, 300],
  ])('%s', async (_, field, ms, expected) => {
    const deadline = ms === undefined ? {} : { deadline: Date.now() + ms };
    const { call } = (await peers.client().ready()).call('unary', field ? timebudget(field) : new Metadata(), deadline);
    expect(remainingTime((await peers.arrived()).context)).toBe(expected);
    call.cancel();
  });

  test('and when grpc-js ends the call by it, that was the deadline, not a cancel', async () => {
    const { call, outcome } = (await peers.client().ready()).call('unary', metadataOf({ 'grpc-timeout': '300m' }));
    const { signal } = await peers.arrived();
    advance(300);
    expect((await outcome).error).toMatchObject({ code: 4 });
    expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED', budget: 300 });
    await within(2_000, 'it to be counted', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server exceeded grpc': 1 });
    call.cancel();
  });

  test('and a client that hangs up at its own, a moment before, has run out of time as well', async () => {
    const { call } = (await peers.client().ready()).call('unary', timebudget('300'));
    const { signal } = await peers.arrived();
    advance(298);
    call.cancel();
    await within(2_000, 'the signal to abort', () => signal?.aborted === true);
    expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED', budget: 300 });
    expect(enforcement.counts).toEqual({ 'server exceeded grpc': 1 });
  });
});

test.each(['upload', 'chat'] as const)('listeners on a stream of requests (%s) run in the context', async (kind) => {
  const seen: number[] = [];
  peers.app = (handling) => {
    for (const event of ['data', 'end']) handling.call.on(event, () => void seen.push(remainingTime()));
    handling.call.on('end', () => handling.answer());
  };
  const { call, outcome } = peers.client().call(kind, timebudget('500'));
  call.end();
  await outcome;
  expect(seen).toEqual([500, 500]);
});

describe('a server option', () => {
  const brings = () => metadataOf({ timebudget: '500', traceparent, baggage: 'user=u-17' });
  const arrive = async (metadata?: Metadata): Promise<Handling> => {
    const { call } = (await peers.client().ready()).call('unary', metadata);
    const handling = await peers.arrived();
    await turn();
    call.cancel();
    await within(2_000, 'the call to end', () => handling.call.cancelled);
    return handling;
  };
  const byPath = (call: InboundRequest | InboundCall) =>
    call.headers === undefined && call.getPath() === '/test.Echo/Unary';

  test.each<[string, Exclude<ServerOptions['defaultBudget'], undefined>]>([
    ['a number', 500],
    ['a function', (call) => (byPath(call) ? 500 : undefined)],
  ])('defaultBudget, %s, is what a call gets that brings none', async (_, defaultBudget) => {
    configure({ defaultBudget });
    const { context: of } = await arrive();
    expect(getDeadline(of)).toMatchObject({ budget: 500, inherited: false });
  });

  test('defaultBudget is not for a call that brings one', async () => {
    configure({ defaultBudget: 300 });
    expect(getDeadline((await arrive(brings())).context)).toMatchObject({ budget: 500, inherited: true });
  });

  test.each<[string, Exclude<ServerOptions['trust'], undefined>]>([
    ['false', false],
    ['a function that answers false', (call) => !byPath(call)],
  ])('trust, %s, takes budget and baggage away and keeps the trace', async (_, trust) => {
    configure({ trust });
    const { context: of } = await arrive(brings());
    expect(getDeadline(of)).toBeUndefined();
    expect(propagation.getBaggage(of)).toBeUndefined();
    expect(trace.getSpanContext(of)).toMatchObject({ traceId });
  });

  test('trust, false, takes them out of the metadata too, which applications copy', async () => {
    configure({ trust: false });
    enforcement.propagate({ deadline: { extract: [timebudgetFormat, connectTimeoutMs] } });
    const metadata = brings();
    metadata.set('connect-timeout-ms', '500');
    metadata.set('user-id', 'u-17');
    const { call } = await arrive(metadata);
    expect(call.metadata.clone().getMap()).toEqual({ 'user-agent': expect.anything(), traceparent, 'user-id': 'u-17' });
  });

  test('trust, true, leaves them in the metadata', async () => {
    configure({ trust: true });
    expect((await arrive(brings())).call.metadata.getMap()).toMatchObject({ timebudget: '500', baggage: 'user=u-17' });
  });

  test('ignore leaves a call alone', async () => {
    configure({ ignore: byPath });
    const { context: of, signal } = await arrive(timebudget('0'));
    expect(getDeadline(of)).toBeUndefined();
    expect(signal).toBeUndefined();
    expect(enforcement.counts).toEqual({});
  });

  test('grpc: false leaves all calls alone', async () => {
    configure({ grpc: false });
    expect((await arrive(timebudget('0'))).signal).toBeUndefined();
  });

  test.each<[string, Exclude<ServerOptions['cancelOnDisconnect'], undefined>]>([
    ['false', false],
    ['a function that answers false', (call) => !byPath(call)],
  ])('cancelOnDisconnect, %s, lets work go on when the caller hangs up', async (_, cancelOnDisconnect) => {
    configure({ cancelOnDisconnect });
    const { context: of, signal } = await arrive(timebudget('500'));
    advance(1_000);
    expect(signal?.aborted).toBe(false);
    expect(remainingTime(of)).toBe(Number.POSITIVE_INFINITY);
    expect(enforcement.counts).toEqual({});
  });
});

describe('observe mode counts, and leaves the application alone', () => {
  beforeEach(() => enforcement.configure({ client, mode: 'observe' }));

  test('where a call arrives too late', async () => {
    peers.app = (handling) => handling.answer();
    expect((await peers.client().outcome('unary', timebudget('0'))).messages).toEqual(['answer']);
    expect(enforcement.counts).toEqual({ 'server rejected grpc': 1 });
  });

  test('where the caller goes away', async () => {
    const { call } = (await peers.client().ready()).call('unary');
    const { signal } = await peers.arrived();
    call.cancel();
    await within(2_000, 'it to be counted', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server cancelled grpc': 1 });
    expect(signal?.aborted).toBe(false);
    advance(30_000);
  });

  test('where the handler fails after the deadline', async () => {
    const { outcome } = (await peers.client().ready()).call('unary', timebudget('500'));
    const handling = await peers.arrived();
    advance(500);
    handling.fail(new Error('gave up'));
    expect((await outcome).error).toMatchObject({ code: 2, details: 'gave up' });
    expect(enforcement.counts).toEqual({ 'server exceeded grpc': 1 });
  });
});

test('a server that was started inside a context does not hand it to its handlers', async () => {
  const key = Symbol('of the start');
  await context.with(context.active().setValue(key, 'leaked'), () => peers.restart());
  const { call } = (await peers.client().ready()).call('unary');
  expect((await peers.arrived()).context.getValue(key)).toBeUndefined();
  call.cancel();
});

test('after the answer, work that goes on is free', async () => {
  let after: [number, AbortSignal | undefined] | undefined;
  peers.app = async (handling) => {
    handling.answer();
    await within(2_000, 'the answer to be sent', () => handling.call.cancelled);
    after = [remainingTime(), abortSignal()];
  };
  await peers.client().outcome('unary', timebudget('500'));
  await within(2_000, 'the work to go on', () => after !== undefined);
  expect(after).toEqual([Number.POSITIVE_INFINITY, undefined]);
});

import { setImmediate as turn } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { detach, withTimeout } from '../../../src/context/with-scope.js';
import { connectTimeoutMs } from '../../../src/wire/formats/connect-timeout-ms.js';
import { grpcTimeout } from '../../../src/wire/formats/grpc-timeout.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers } from './peers.js';

const enforcement = new GrpcEnforcement();
const peers = new GrpcPeers();

const spanContext = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', traceFlags: 1 };
const traceparent = `00-${spanContext.traceId}-${spanContext.spanId}-01`;

function metadataOf(fields: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
  return metadata;
}

/** The fields of a call that is made in a context with a trace and baggage, as they arrive. */
async function arriving(
  metadata = new Metadata(),
  run = <T>(fn: () => T): T => fn(),
  more: readonly string[] = [],
): Promise<Record<string, unknown>> {
  peers.app = (handling) => handling.answer();
  const client = await peers.client().ready();
  const baggage = propagation.createBaggage({ user: { value: 'u-17' } });
  const caller = trace.setSpanContext(propagation.setBaggage(ROOT_CONTEXT, baggage), spanContext);
  await context.with(caller, () => run(() => client.outcome('unary', metadata)));
  const { call } = await peers.arrived(peers.handlings.length - 1);
  return Object.fromEntries(
    ['traceparent', 'baggage', 'timebudget', ...more].map((field) => [field, (call.metadata as Metadata).get(field)]),
  );
}

test('where nobody else injects, trace context, baggage and budget are on the wire', async () => {
  expect(await arriving(undefined, (fn) => withTimeout(500, fn))).toEqual({
    traceparent: [traceparent],
    baggage: ['user=u-17'],
    timebudget: ['500'],
  });
});

test("the application's own trace context and baggage stay", async () => {
  const own = { traceparent: traceparent.replace('01', '00'), baggage: 'user=own' };
  expect(await arriving(metadataOf(own))).toEqual({
    traceparent: [own.traceparent],
    baggage: [own.baggage],
    timebudget: [],
  });
});

test("ours takes the place of the application's own budget", async () => {
  const { timebudget } = await arriving(metadataOf({ timebudget: '900' }), (fn) => withTimeout(500, fn));
  expect(timebudget).toEqual(['500']);
});

test("without a deadline, the application's own budget stays", async () => {
  expect((await arriving(metadataOf({ timebudget: '900' }))).timebudget).toEqual(['900']);
});

test("the application's Metadata is not changed, and its options hold", async () => {
  const metadata = metadataOf({ authorization: 'kept' });
  metadata.setOptions({ waitForReady: true });
  await arriving(metadata, (fn) => withTimeout(500, fn));
  expect(metadata.getMap()).toEqual({ authorization: 'kept' });
  const { call } = await peers.arrived();
  expect(call.metadata.get('authorization')).toEqual(['kept']);
  // A call that may wait for its server does so, under a deadline too.
  peers.server.forceShutdown();
  const client = peers.client();
  while ((await withTimeout(500, () => client.outcome('unary'))).error?.code !== grpc.status.UNAVAILABLE);
  const { call: waiting, outcome } = withTimeout(500, () => client.call('unary', metadata));
  expect(await Promise.race([outcome, turn('waits')])).toBe('waits');
  waiting.cancel();
  await outcome;
});

test('one Metadata for several calls carries the budget of each', async () => {
  const metadata = new Metadata();
  const budgets = [];
  for (const ms of [500, 9_000, 300]) {
    budgets.push((await arriving(metadata, (fn) => withTimeout(ms, fn))).timebudget);
  }
  budgets.push((await arriving(metadata)).timebudget);
  expect(budgets).toEqual([['500'], ['9000'], ['300'], []]);
});

test.each<[string, <T>(fn: () => T) => T, string[]]>([
  ['within its scope, carries what is left', (fn) => fn(), ['400']],
  ['detached, carries no budget', detach, []],
])('the metadata of an inbound call, handed on %s', async (_, run, expected) => {
  const client = await peers.client().ready();
  peers.app = async (handling) => {
    if (peers.handlings.length === 1) await run(() => client.outcome('unary', handling.call.metadata));
    handling.answer();
  };
  enforcement.configure({ client: { grpc: false } });
  const first = client.outcome('unary', metadataOf({ timebudget: '400' }));
  enforcement.configure({});
  await first;
  expect((await peers.arrived(1)).call.metadata.get('timebudget')).toEqual(expected);
});

test('a call of telemetry itself carries nothing', async () => {
  const fields = await arriving(undefined, (fn) =>
    withTimeout(500, (bound) => context.with(suppressTracing(bound), fn)),
  );
  expect(fields).toEqual({ traceparent: [], baggage: [], timebudget: [] });
});

describe('other formats than ours', () => {
  beforeEach(() => enforcement.propagate({ deadline: { inject: [connectTimeoutMs, grpcTimeout] } }));
  const others = (metadata?: Metadata, run?: <T>(fn: () => T) => T) =>
    arriving(metadata, run, ['connect-timeout-ms', 'grpc-timeout']);

  test('are on the wire, each once, and take the place of what the metadata held', async () => {
    const metadata = metadataOf({ 'connect-timeout-ms': '900' });
    const fields = await others(metadata, (fn) => withTimeout(500, fn));
    expect(fields).toMatchObject({ 'connect-timeout-ms': ['500'], 'grpc-timeout': [], timebudget: [] });
    expect(metadata.getMap()).toEqual({ 'connect-timeout-ms': '900' });
  });

  test("a shorter limit of the application's own is sent", async () => {
    const metadata = metadataOf({ 'connect-timeout-ms': '150' });
    const fields = await others(metadata, (fn) => withTimeout(500, fn));
    expect(fields).toMatchObject({ 'connect-timeout-ms': ['150'] });
  });

  test('and @grpc/grpc-js writes its own field, from the deadline of the call', async () => {
    await others(metadataOf({ 'grpc-timeout': '900m' }), (fn) => withTimeout(500, fn));
    const { call } = await peers.arrived();
    const left = Number(call.getDeadline()) - Date.now();
    expect(left).toBeGreaterThan(400);
    expect(left).toBeLessThanOrEqual(500);
  });

  test('of a call before do not stay in its Metadata, where another instrumentation injects', async () => {
    const metadata = new Metadata();
    await others(metadata, (fn) => withTimeout(500, fn));
    expect(await others(metadata)).toMatchObject({ 'connect-timeout-ms': [], 'grpc-timeout': [] });
  });
});

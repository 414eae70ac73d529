import { Metadata } from '@grpc/grpc-js';
import { GrpcEnforcement } from '../instrumentation/grpc/enforcement.js';
import { GrpcPeers, KINDS } from '../instrumentation/grpc/peers.js';
import { advance } from '../support/fake-clock.js';
import { pointsOf, useMetrics } from '../support/metric-points.js';
import { within } from '../support/waiting.js';

const metrics = useMetrics();
const enforcement = new GrpcEnforcement({ client: { grpc: false } });
const peers = new GrpcPeers();
const grpc = { 'deadline.transport': 'grpc' };

function budget(ms: number): Metadata {
  const metadata = new Metadata();
  metadata.set('timebudget', String(ms));
  return metadata;
}

test.each(KINDS)('a call (%s) is measured on arrival and at its end', async (kind) => {
  const { call, outcome } = (await peers.client().ready()).call(kind, budget(400));
  const handling = await peers.arrived();
  advance(100);
  handling.answer();
  if (kind === 'chat' || kind === 'upload') call.end();
  await outcome;
  const points = async () => pointsOf(metrics.reader);
  let done = false;
  await within(2_000, 'the end of the call', () => {
    void points().then((all) => {
      done = 'deadline.budget.utilization' in all;
    });
    return done;
  });
  expect(await points()).toEqual({
    'deadline.budget.received': [{ unit: 's', attributes: grpc, value: { count: 1, sum: 0.4 } }],
    'deadline.budget.utilization': [{ unit: '1', attributes: grpc, value: { count: 1, sum: 0.25 } }],
  });
});

test('a call that arrives too late is rejected, and no share of it is recorded', async () => {
  await (await peers.client().ready()).outcome('unary', budget(0));
  const points = await pointsOf(metrics.reader);
  expect(points['deadline.rejected']).toMatchObject([{ attributes: { ...grpc, 'deadline.side': 'server' }, value: 1 }]);
  expect(points['deadline.budget.utilization']).toBeUndefined();
  expect(enforcement.counts).toEqual({ 'server rejected grpc': 1 });
});

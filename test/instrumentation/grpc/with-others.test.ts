import { Metadata } from '@grpc/grpc-js';
import { SpanKind, trace } from '@opentelemetry/api';
import { getDeadline } from '../../../src/context/context-deadline.js';
import { detach, withTimeout } from '../../../src/context/with-scope.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, KINDS } from './peers.js';

// Each order has its own describe: the instrumentations are put on anew for each test.
describe.each(['ours first', 'ours last'] as const)('with instrumentation-grpc, %s', (order) => {
  const enforcement = new GrpcEnforcement({}, order);
  const peers = new GrpcPeers();
  const spans = (kind: SpanKind) => enforcement.exporter.getFinishedSpans().filter((span) => span.kind === kind);

  describe.each(KINDS)('a call (%s)', (kind) => {
    test('has one scope and their spans, and carries the field once', async () => {
      const { call: made, outcome } = withTimeout(500, () => peers.client().call(kind));
      const handling = await peers.arrived();
      const { call, context } = handling;
      expect(call.metadata.get('timebudget')).toEqual(['500']);
      expect(getDeadline(context)).toMatchObject({ inherited: true });
      handling.answer();
      made.end?.();
      expect((await outcome).messages).toEqual(['answer']);
      await within(2_000, 'the spans to end', () => spans(SpanKind.SERVER).length === 1);
      const [calling] = spans(SpanKind.CLIENT);
      const [serving] = spans(SpanKind.SERVER);
      expect(trace.getSpanContext(context)).toEqual(serving?.spanContext());
      expect(serving?.parentSpanContext?.spanId).toBe(calling?.spanContext().spanId);
    });

    test('that arrives too late is not handled, and has its span', async () => {
      enforcement.configure({ client: { grpc: false } });
      const metadata = new Metadata();
      metadata.set('timebudget', '0');
      const { error } = await peers.client().outcome(kind, metadata);
      expect(error).toMatchObject({ code: 4 });
      expect(peers.handlings).toEqual([]);
      await within(2_000, 'the span to end', () => spans(SpanKind.SERVER).length === 1);
      expect(spans(SpanKind.SERVER)[0]?.attributes['rpc.grpc.status_code']).toBe(4);
    });

    test('whose time runs out has their spans ended, and the cause of its error', async () => {
      const client = await peers.client().ready();
      const outcome = withTimeout(500, () => client.outcome(kind));
      await peers.arrived();
      advance(500);
      expect((await outcome).error).toMatchObject({ code: 4, cause: { code: 'DEADLINE_EXCEEDED' } });
      await within(2_000, 'the span to end', () => spans(SpanKind.CLIENT).length === 1);
      expect(spans(SpanKind.CLIENT)[0]?.attributes['rpc.grpc.status_code']).toBe(4);
    });
  });

  test.each(['download', 'chat'] as const)(
    'a stream of answers (%s) without a listener for errors has its span ended when we end it',
    async (kind) => {
      const { stub } = await peers.client().ready();
      withTimeout(500, () => (kind === 'download' ? stub.download('request') : stub.chat()));
      await peers.arrived();
      advance(500);
      await within(2_000, 'the span to end', () => spans(SpanKind.CLIENT).length === 1);
    },
  );

  describe('a Metadata object used for several calls', () => {
    const lines = async (index: number) => (await peers.arrived(index)).call.metadata.get('timebudget');
    const shared = async (...calls: ((made: () => Promise<unknown>) => unknown)[]) => {
      peers.app = (handling) => handling.answer();
      const client = await peers.client().ready();
      const metadata = new Metadata();
      metadata.set('authorization', 'kept');
      for (const each of calls) await each(() => client.outcome('unary', metadata));
      return metadata;
    };

    test('carries the budget of each call that has a deadline', async () => {
      await shared(
        (made) => withTimeout(500, made),
        (made) => withTimeout(9_000, made),
        (made) => withTimeout(300, made),
      );
      expect([await lines(0), await lines(1), await lines(2)]).toEqual([['500'], ['9000'], ['300']]);
    });

    test.each<[string, (made: () => Promise<unknown>) => unknown]>([
      ['that has no deadline', (made) => made()],
      ['that is detached', (made) => withTimeout(500, () => detach(made))],
    ])('carries no stale budget to a call %s', async (_, unbound) => {
      await shared((made) => withTimeout(500, made), unbound);
      expect(await lines(1)).toEqual([]);
      expect((await peers.arrived(1)).call.metadata.get('authorization')).toEqual(['kept']);
    });
  });

  test('the metadata of an inbound call, handed on, carries what is left', async () => {
    const client = await peers.client().ready();
    peers.app = async (handling) => {
      if (peers.handlings.length === 1) {
        advance(100);
        await client.outcome('unary', handling.call.metadata);
      }
      handling.answer();
    };
    await withTimeout(500, () => client.outcome('unary'));
    // The grpc-timeout is a millisecond less than the field.
    expect((await peers.arrived(1)).call.metadata.get('timebudget')).toEqual(['399']);
  });
});

import { Metadata } from '@grpc/grpc-js';
import { context, defaultTextMapSetter, propagation } from '@opentelemetry/api';
import { withTimeout } from '../../../src/context/with-scope.js';
import { advance } from '../../support/fake-clock.js';
import { OpenScope } from '../http/calls.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, KINDS } from './peers.js';

// Calls that the option client.shared names: freed from the request that happens to make them.

const ends: [string, (scope: OpenScope) => void][] = [
  ['runs out of time', () => advance(500)],
  ['hangs up', (scope) => scope.cancel()],
  ['is answered', (scope) => scope.complete()],
];
const config = { server: { grpc: false }, client: { shared: ['*/test.Echo/*'] } };

describe.each(['alone', 'ours first', 'ours last'] as const)('%s', (order) => {
  const enforcement = new GrpcEnforcement(config, order);
  const peers = new GrpcPeers();

  describe.each(KINDS)('a shared call (%s)', (kind) => {
    test.each(ends)('goes on when its request %s, and carries no budget', async (_, end) => {
      const client = await peers.client().ready();
      const scope = new OpenScope(500);
      const baggage = propagation.createBaggage({ user: { value: 'u-17' } });
      const { call, outcome } = scope.run(() =>
        context.with(propagation.setBaggage(context.active(), baggage), () => client.call(kind)),
      );
      const handling = await peers.arrived();
      const { metadata } = handling.call;
      expect(metadata.get('timebudget')).toEqual([]);
      expect(handling.call.getDeadline()).toBe(Number.POSITIVE_INFINITY);
      expect(metadata.get('baggage')).toEqual(['user=u-17']);
      end(scope);
      advance(10_000);
      handling.answer();
      call.end?.();
      expect(await outcome).toEqual({ error: undefined, messages: ['answer'] });
      expect(enforcement.counts).toEqual({});
    });

    test('is made in a request that has ended', async () => {
      peers.app = (handling) => handling.answer();
      const client = await peers.client().ready();
      const { call, outcome } = withTimeout(0, () => client.call(kind));
      call.end?.();
      expect(await outcome).toEqual({ error: undefined, messages: ['answer'] });
      expect(enforcement.counts).toEqual({});
    });

    test('ends after 30 s', async () => {
      const client = await peers.client().ready();
      const { outcome } = withTimeout(500, () => client.call(kind));
      await peers.arrived();
      advance(29_999);
      advance(1);
      expect((await outcome).error).toMatchObject({
        code: 4,
        cause: { code: 'DEADLINE_EXCEEDED', budget: 30_000, inherited: false },
      });
      expect(enforcement.counts).toEqual({ 'client exceeded grpc': 1 });
    });
  });

  test('a shared call carries no budget that was injected into its metadata', async () => {
    const client = await peers.client().ready();
    const metadata = new Metadata();
    const set = { set: (_: unknown, field: string, value: string) => metadata.set(field, value) };
    const { outcome } = withTimeout(500, () => {
      propagation.inject(context.active(), metadata, { ...defaultTextMapSetter, ...set });
      return client.call('unary', metadata);
    });
    const handling = await peers.arrived();
    expect(handling.call.metadata.get('timebudget')).toEqual([]);
    handling.answer();
    await outcome;
  });

  test('an own deadline stays', async () => {
    const client = await peers.client().ready();
    const outcome = withTimeout(500, () => client.outcome('unary', undefined, { deadline: Date.now() + 1_000 }));
    expect((await peers.arrived()).call.getDeadline()).not.toBe(Number.POSITIVE_INFINITY);
    advance(999);
    advance(50);
    expect((await outcome).error).toMatchObject({ code: 4 });
  });

  test('a call of another service ends with its request', async () => {
    enforcement.configure({ ...config, client: { shared: ['*/test.Other/*'] } });
    const client = await peers.client().ready();
    const outcome = withTimeout(500, () => client.outcome('unary'));
    await peers.arrived();
    advance(500);
    expect((await outcome).error).toMatchObject({ code: 4, cause: { budget: 500 } });
  });
});

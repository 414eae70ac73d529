import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { detach, withTimeout } from '../../../src/context/with-scope.js';
import { advance } from '../../support/fake-clock.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers } from './peers.js';

const enforcement = new GrpcEnforcement({ server: { grpc: false } });
const peers = new GrpcPeers();

describe('a call that is exempt', () => {
  test('because tracing is suppressed: untouched after the deadline', async () => {
    peers.app = (handling) => handling.answer();
    const client = peers.client();
    const outcome = withTimeout(0, (outer) => context.with(suppressTracing(outer), () => client.outcome('unary')));
    expect(await outcome).toEqual({ error: undefined, messages: ['answer'] });
    expect((await peers.arrived()).call.metadata.get('timebudget')).toEqual([]);
    expect(enforcement.counts).toEqual({});
  });

  test.each<[string, <T>(fn: () => T) => T]>([
    ['because it is detached', detach],
    ['because its context has no scope', (fn) => context.with(ROOT_CONTEXT, fn)],
  ])('%s: not bound, and carries no budget', async (_, freed) => {
    const client = await peers.client().ready();
    const outcome = withTimeout(500, () => freed(() => client.outcome('unary')));
    const handling = await peers.arrived();
    expect(handling.call.metadata.get('timebudget')).toEqual([]);
    advance(10_000);
    handling.answer();
    expect(await outcome).toEqual({ error: undefined, messages: ['answer'] });
  });

  test('because its target is ignored', async () => {
    enforcement.configure({ server: { grpc: false }, client: { ignore: (each) => each.endsWith('/test.Echo/Unary') } });
    peers.app = (handling) => handling.answer();
    const client = peers.client();
    expect(await withTimeout(0, () => client.outcome('unary'))).toEqual({ error: undefined, messages: ['answer'] });
    expect((await withTimeout(0, () => client.outcome('download'))).error).toMatchObject({ code: 4 });
  });
});

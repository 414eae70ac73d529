import { setImmediate as turn } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { remainingTime } from '../../../src/context/context-deadline.js';
import { withCancel, withTimeout } from '../../../src/context/with-scope.js';
import { isCallCancelled, isDeadlineExceeded } from '../../../src/errors.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, KINDS, type Kind, type Outcome } from './peers.js';

const enforcement = new GrpcEnforcement({ server: { grpc: false } });
const peers = new GrpcPeers();

const DEADLINE_EXCEEDED = 4;
const CANCELLED = 1;

/** Each kind of call, by each kind of client. */
const CALLS = KINDS.flatMap((kind) => [[kind, 'constructor'] as const, [kind, 'package'] as const]);

describe.each(CALLS)('a call (%s, client from a %s)', (kind, from) => {
  test('whose time runs out ends with DEADLINE_EXCEEDED, not before, and says why', async () => {
    const client = await peers.client({}, from).ready();
    let left: number | undefined;
    const outcome = withTimeout(500.5, async () => {
      const ended = await client.outcome(kind);
      left = remainingTime();
      return ended;
    });
    const { call } = await peers.arrived();
    advance(500);
    for (let i = 0; i < 5; i++) await turn();
    expect(left).toBeUndefined();
    advance(1);
    const { error } = await outcome;
    expect(left).toBe(0);
    expect(error).toMatchObject({
      code: DEADLINE_EXCEEDED,
      cause: { code: 'DEADLINE_EXCEEDED', budget: 500.5, target: expect.stringMatching(target(kind)) },
    });
    expect(isDeadlineExceeded(error)).toBe(true);
    await within(2_000, 'the server to be told', () => call.cancelled);
    expect(enforcement.counts).toEqual({ 'client exceeded grpc': 1 });
  });

  test('whose caller goes away ends with CANCELLED, and says why', async () => {
    const client = await peers.client({}, from).ready();
    let cancel = (_reason?: unknown) => {};
    const outcome = withCancel((_, cancelScope) => {
      cancel = cancelScope;
      return client.outcome(kind);
    });
    const { call } = await peers.arrived();
    cancel(new Error('hung up'));
    const { error } = await outcome;
    expect(error).toMatchObject({
      code: CANCELLED,
      cause: {
        code: 'CANCELLED',
        target: expect.stringMatching(target(kind)),
        cause: { cause: { message: 'hung up' } },
      },
    });
    expect(isCallCancelled(error)).toBe(true);
    await within(2_000, 'the server to be told', () => call.cancelled);
    expect(enforcement.counts).toEqual({ 'client cancelled grpc': 1 });
  });

  test('without time left sends nothing and opens no connection', async () => {
    const client = peers.client({}, from);
    const { error } = await withTimeout(0, () => client.outcome(kind));
    const named = { target: expect.stringMatching(target(kind)) };
    expect(error).toMatchObject({ code: DEADLINE_EXCEEDED, ...named, cause: named });
    expect(peers.sessions).toBe(0);
    expect(enforcement.counts).toEqual({ 'client rejected grpc': 1 });
  });

  test('after a cancel sends nothing and opens no connection', async () => {
    const client = peers.client({}, from);
    const { error } = await withCancel((_, cancel) => {
      cancel();
      return client.outcome(kind);
    });
    expect(error).toMatchObject({ code: CANCELLED, cause: { code: 'CANCELLED' } });
    expect(peers.sessions).toBe(0);
    expect(enforcement.counts).toEqual({ 'client rejected grpc': 1 });
  });

  test('that is answered in time leaves nothing behind', async () => {
    peers.app = (handling) => handling.answer();
    const client = peers.client({}, from);
    const { error, messages } = await withTimeout(500, () => answered(client.call(kind)));
    expect({ error, messages }).toEqual({ error: undefined, messages: ['answer'] });
    expect(enforcement.counts).toEqual({});
  });

  test('does no harm to the next one on its channel', async () => {
    const client = peers.client({}, from);
    await withTimeout(0, () => client.outcome(kind));
    const late = withTimeout(500, () => client.outcome(kind));
    await peers.arrived();
    advance(500);
    await late;
    peers.app = (handling) => handling.answer();
    expect(await answered(client.call(kind))).toEqual({ error: undefined, messages: ['answer'] });
    expect(peers.sessions).toBe(1);
  });
});

test('a withTimeout that has completed still bounds the stream that was opened in it', async () => {
  const client = await peers.client().ready();
  const { outcome } = withTimeout(500, () => client.call('download'));
  (await peers.arrived()).call.write('first');
  advance(500);
  expect((await outcome).error).toMatchObject({ code: DEADLINE_EXCEEDED, cause: { budget: 500 } });
});

describe("observe mode counts, and leaves the application's calls alone", () => {
  beforeEach(() => enforcement.configure({ server: { grpc: false }, mode: 'observe' }));

  test('that have no time left', async () => {
    peers.app = (handling) => handling.answer();
    expect((await withTimeout(0, () => peers.client().outcome('unary'))).messages).toEqual(['answer']);
    expect(enforcement.counts).toEqual({ 'client rejected grpc': 1 });
  });

  test('whose time runs out', async () => {
    const client = await peers.client().ready();
    const outcome = withTimeout(500, () => client.outcome('unary'));
    const handling = await peers.arrived();
    expect(handling.call.getDeadline()).toBe(Number.POSITIVE_INFINITY);
    advance(600);
    handling.answer();
    expect((await outcome).messages).toEqual(['answer']);
    expect(enforcement.counts).toEqual({ 'client exceeded grpc': 1 });
  });
});

test.each<[Kind]>([['download'], ['chat']])(
  'a stream of answers (%s) without a listener for errors does not crash the process when we end it',
  async (kind) => {
    const client = (await peers.client().ready()).stub;
    const call = withTimeout(500, () => (kind === 'download' ? client.download('request') : client.chat()));
    await peers.arrived();
    advance(500);
    await new Promise((resolve) => call.once('status', resolve));
    expect(call.listenerCount('error')).toBe(1);
  },
);

test("a callback that is told of our abort runs in its caller's context", async () => {
  const client = (await peers.client().ready()).stub;
  const key = Symbol('of the caller');
  const seen = new Promise((resolve) => {
    withTimeout(500, (narrowed) =>
      context.with(narrowed.setValue(key, 'kept'), () => {
        client.unary('request', () => resolve(context.active().getValue(key)));
      }),
    );
  });
  await peers.arrived();
  advance(500);
  expect(await seen).toBe('kept');
});

function target(kind: Kind): RegExp {
  return new RegExp(`^gRPC dns:127\\.0\\.0\\.1:\\d+/test\\.Echo/${kind[0]?.toUpperCase()}${kind.slice(1)}$`);
}

function answered({ call, outcome }: { call: { end?(): void }; outcome: Promise<Outcome> }): Promise<Outcome> {
  call.end?.();
  return outcome;
}

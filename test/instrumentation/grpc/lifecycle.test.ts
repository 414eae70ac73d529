import { Metadata } from '@grpc/grpc-js';
import { withCancel, withTimeout } from '../../../src/context/with-scope.js';
import { pendingAlarms } from '../../../src/time/alarms.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, KINDS } from './peers.js';

/** All that we patch. Looked up before anything is. */
const patched = () =>
  [
    [require('@grpc/grpc-js/build/src/channel.js').ChannelImplementation, 'createCall'],
    [require('@grpc/grpc-js/build/src/call.js').ClientReadableStreamImpl, 'emit'],
    [require('@grpc/grpc-js/build/src/call.js').ClientDuplexStreamImpl, 'emit'],
    [require('@grpc/grpc-js/build/src/server.js').Server, 'register'],
    [require('@grpc/grpc-js/build/src/server.js').Server, '_runHandlerForCall'],
  ].map(([{ prototype }, name]) => Object.getOwnPropertyDescriptor(prototype, name)?.value);
const originals = patched();

const enforcement = new GrpcEnforcement();
const peers = new GrpcPeers();

/** Whether the client's side and the server's are enforced. */
async function enforced(): Promise<{ client: boolean; server: boolean }> {
  const stub = peers.client();
  peers.app = (handling) => handling.answer();
  const { error } = await withTimeout(0, () => stub.outcome('unary'));
  const before = peers.handlings.length;
  await stub.outcome('unary', late());
  return { client: error !== undefined, server: peers.handlings.length === before };
}

/** An application's own field, which our client leaves alone where there is no scope. */
function late(): Metadata {
  const metadata = new Metadata();
  metadata.set('timebudget', '0');
  return metadata;
}

const on = { client: true, server: true };
const off = { client: false, server: false };

test('disable leaves nothing of ours behind, enable brings it back, any number of times', async () => {
  const { instrumentation } = enforcement;
  for (let i = 0; i < 3; i++) {
    for (const method of patched().map((now, index) => now === originals[index])) expect(method).toBe(false);
    expect(await enforced()).toEqual(on);
    instrumentation.disable();
    instrumentation.disable();
    expect(patched()).toEqual(originals);
    expect(await enforced()).toEqual(off);
    instrumentation.enable();
    instrumentation.enable();
  }
});

test('a server whose handlers were registered while it was disabled is enforced', async () => {
  enforcement.instrumentation.disable();
  await peers.restart();
  enforcement.instrumentation.enable();
  expect(await enforced()).toEqual(on);
});

test('setConfig takes effect at once', async () => {
  enforcement.configure({ client: { grpc: false } });
  expect(await enforced()).toEqual({ client: false, server: true });
  enforcement.configure({ server: { grpc: false } });
  expect(await enforced()).toEqual({ client: true, server: false });
  enforcement.configure({});
  expect(await enforced()).toEqual(on);
});

function cancellable<T>(fn: () => Promise<T>): { outcome: Promise<T>; cancel: () => void } {
  let cancel = () => {};
  const outcome = withCancel((_, cancelScope) => {
    cancel = cancelScope;
    return fn();
  });
  return { outcome, cancel };
}

describe('a call that was begun before disable', () => {
  beforeEach(() => enforcement.configure({ server: { grpc: false } }));

  test('is released: it goes on when its caller has gone', async () => {
    const client = await peers.client().ready();
    const { outcome, cancel } = cancellable(() => client.outcome('unary'));
    const handling = await peers.arrived();
    enforcement.instrumentation.disable();
    cancel();
    handling.answer();
    expect(await outcome).toEqual({ error: undefined, messages: ['answer'] });
  });

  test('has no alarm any more, but the deadline that grpc-js was given', async () => {
    const client = await peers.client().ready();
    const outcome = withTimeout(500, () => client.outcome('unary'));
    await peers.arrived();
    enforcement.instrumentation.disable();
    expect(pendingAlarms()).toBe(0);
    advance(500);
    const { error } = await outcome;
    expect(error).toMatchObject({ code: 4 });
    expect(error?.cause).toBeUndefined();
    expect(enforcement.counts).toEqual({});
  });
});

test('an inbound call that was begun before disable keeps its deadline', async () => {
  const { call } = withTimeout(500, () => peers.client().call('unary'));
  const { signal } = await peers.arrived();
  enforcement.instrumentation.disable();
  advance(500);
  expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  call.cancel();
});

describe.each(KINDS)('after a call (%s)', (kind) => {
  test.each<[string, (cancel: () => void) => void]>([
    ['was answered', () => peers.handlings[0]?.answer()],
    ['ran out of time', () => advance(500)],
    ['was cancelled by its caller', (cancel) => cancel()],
  ])('%s, neither alarm nor timer is left', async (_, end) => {
    const client = await peers.client().ready();
    const timers = jest.getTimerCount();
    const { call, outcome } = withTimeout(500, () => client.call(kind));
    const handling = await peers.arrived();
    expect(pendingAlarms()).toBeGreaterThan(0);
    end(() => call.cancel());
    call.end?.();
    await outcome;
    await within(2_000, 'the server to have ended it', () => handling.call.cancelled);
    expect(pendingAlarms()).toBe(0);
    expect(jest.getTimerCount()).toBeLessThanOrEqual(timers);
  });
});

import { Metadata } from '@grpc/grpc-js';
import { remainingTime } from '../../../src/context/context-deadline.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, type Handling, KINDS } from './peers.js';

// The scope of a call that has ended lives no longer than the work of its handler.

const LINGER = 30_000;
const enforcement = new GrpcEnforcement();
const peers = new GrpcPeers();

function timebudget(value: string): Metadata {
  const metadata = new Metadata();
  metadata.set('timebudget', value);
  return metadata;
}

const left = ({ context }: Handling) => remainingTime(context);

describe.each(KINDS)('a call (%s) whose caller has gone', (kind) => {
  async function abandoned(): Promise<Handling> {
    const { call } = (await peers.client().ready()).call(kind, timebudget('60000'));
    call.on('error', () => {});
    const handling = await peers.arrived();
    call.cancel();
    await within(2_000, 'the call to end', () => left(handling) === 0);
    return handling;
  }

  test('binds for 30 s where nothing reports that its handler is done', async () => {
    const handling = await abandoned();
    advance(LINGER - 1);
    expect(left(handling)).toBe(0);
    advance(1);
    expect(left(handling)).toBe(Number.POSITIVE_INFINITY);
  });

  test('binds while the promise of its handler is pending, and completes with it', async () => {
    let settle = () => {};
    peers.app = () =>
      new Promise<void>((resolve) => {
        settle = resolve;
      });
    const handling = await abandoned();
    advance(3 * LINGER);
    expect(left(handling)).toBe(0);
    settle();
    await within(2_000, 'the scope to complete', () => left(handling) === Number.POSITIVE_INFINITY);
  });
});

describe.each(['upload', 'chat'] as const)('a handler (%s) that answers at the end of the requests', (kind) => {
  beforeEach(() => {
    peers.app = (handling) => {
      handling.call.on('data', () => {});
      handling.call.on('end', () => handling.answer());
    };
  });

  test('has run out of time when its client gives up at the deadline', async () => {
    const { call } = (await peers.client().ready()).call(kind, timebudget('300'));
    call.on('error', () => {});
    const { signal } = await peers.arrived();
    advance(298);
    call.cancel();
    await within(2_000, 'the signal to abort', () => signal?.aborted === true);
    expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED', budget: 300 });
    expect(enforcement.counts).toEqual({ 'server exceeded grpc': 1 });
  });

  test('is done when it answers in time', async () => {
    const { call, outcome } = (await peers.client().ready()).call(kind, timebudget('300'));
    const handling = await peers.arrived();
    advance(200);
    call.end();
    expect((await outcome).error).toBeUndefined();
    await within(2_000, 'the scope to complete', () => left(handling) === Number.POSITIVE_INFINITY);
    expect(handling.signal?.aborted).toBe(false);
    expect(enforcement.counts).toEqual({});
  });
});

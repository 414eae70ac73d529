import { setImmediate as turn } from 'node:timers/promises';
import { InterceptingCall, type Interceptor, Metadata } from '@grpc/grpc-js';
import { remainingTime } from '../../../src/context/context-deadline.js';
import { withTimeout } from '../../../src/context/with-scope.js';
import { advance } from '../../support/fake-clock.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers } from './peers.js';

const enforcement = new GrpcEnforcement({ server: { grpc: false } });
const peers = new GrpcPeers();

const DEADLINE_EXCEEDED = 4;

describe('the deadline of a call', () => {
  /** Of the call as the server sees it: what came as `grpc-timeout`. */
  async function told(
    run: (call: (deadline?: number | Date) => void) => void,
    metadata?: Metadata,
  ): Promise<{ grpc: number; field: string[] }> {
    const client = await peers.client().ready();
    run((deadline) => client.call('unary', metadata, deadline === undefined ? {} : { deadline }));
    const { call } = await peers.arrived();
    const told = { grpc: Number(call.getDeadline()) - Date.now(), field: call.metadata.get('timebudget') };
    call.emit('cancelled');
    return told;
  }

  test("is ours where the application's own is later or absent, and the peer is told no more", async () => {
    expect(await told((call) => withTimeout(500, () => call()))).toEqual({ grpc: 499, field: ['500'] });
    advance(500);
  });

  test.each([
    ['a number', (ms: number) => Date.now() + ms],
    ['a Date', (ms: number) => new Date(Date.now() + ms)],
  ])("is the application's own, as %s, where that is earlier", async (_, deadline) => {
    expect(await told((call) => withTimeout(500, () => call(deadline(300))))).toMatchObject({ grpc: 300 });
    advance(500);
  });

  test.each([
    ['a number', (ms: number) => Date.now() + ms],
    ['a Date', (ms: number) => new Date(Date.now() + ms)],
    ['Infinity', () => Number.POSITIVE_INFINITY],
  ])("is ours where the application's own, as %s, is later", async (_, deadline) => {
    expect(await told((call) => withTimeout(500, () => call(deadline(900))))).toEqual({ grpc: 499, field: ['500'] });
    advance(500);
  });

  test.each<[string, string, number]>([
    ['is its own where that is earlier', '200m', 200],
    ['is its own where that has passed', '0m', 0],
    ['is ours where its own is later', '900m', 499],
    ['is ours where its own is not valid', 'soon', 499],
  ])('of an application that writes grpc-timeout %s (%s)', async (_, timeout, grpc) => {
    const metadata = new Metadata();
    metadata.set('grpc-timeout', timeout);
    expect(await told((call) => withTimeout(500, () => call()), metadata)).toEqual({ grpc, field: ['500'] });
    expect(metadata.get('grpc-timeout')).toEqual([timeout]);
    advance(500);
  });

  test('is none without a scope', async () => {
    expect(await told((call) => call())).toEqual({ grpc: Number.POSITIVE_INFINITY, field: [] });
  });

  test("is the application's own without a scope", async () => {
    expect(await told((call) => call(Date.now() + 300))).toEqual({ grpc: 300, field: [] });
    advance(300);
  });

  test("passes without a cause where it was the application's own", async () => {
    const client = await peers.client().ready();
    const outcome = withTimeout(500, () => client.outcome('unary', undefined, { deadline: Date.now() + 100 }));
    await peers.arrived();
    advance(100);
    const { error } = await outcome;
    expect(error).toMatchObject({ code: DEADLINE_EXCEEDED });
    expect(error?.cause).toBeUndefined();
    expect(enforcement.counts).toEqual({});
  });

  test('is short of the scope by the reserve, and the call ends by it', async () => {
    enforcement.propagate({ deadline: { reserve: 100 } });
    const client = await peers.client().ready();
    let left: number | undefined;
    const outcome = withTimeout(500, async () => {
      const ended = await client.outcome('unary');
      left = remainingTime();
      return ended;
    });
    const { call } = await peers.arrived();
    expect(call.metadata.get('timebudget')).toEqual(['400']);
    expect(Number(call.getDeadline()) - Date.now()).toBe(399);
    advance(401);
    expect((await outcome).error).toMatchObject({ code: DEADLINE_EXCEEDED, cause: { code: 'DEADLINE_EXCEEDED' } });
    expect(left).toBe(99);
  });
});

describe('a call that an interceptor lets wait', () => {
  const waiting = (ms: number): { interceptors: Interceptor[] } => ({
    interceptors: [
      (options, nextCall) =>
        new InterceptingCall(nextCall(options), {
          start: (metadata, listener, next) => void setTimeout(() => next(metadata, listener), ms),
        }),
    ],
  });

  test('is told what is left when it starts', async () => {
    const client = peers.client(waiting(100));
    const outcome = withTimeout(500, () => client.outcome('unary'));
    await turn();
    advance(100);
    const { call } = await peers.arrived();
    expect(call.metadata.get('timebudget')).toEqual(['400']);
    advance(400);
    expect((await outcome).error).toMatchObject({ code: DEADLINE_EXCEEDED, cause: { budget: 500 } });
  });

  test.each<[string, number]>([
    ['until the deadline has passed', 600],
    ['until just before it', 500],
  ])('%s ends with DEADLINE_EXCEEDED', async (_, ms) => {
    const client = peers.client(waiting(ms));
    const outcome = withTimeout(500.5, () => client.outcome('unary'));
    // grpc-js finds its deadline passed before the call has started, and has nobody to tell.
    advance(499);
    for (let i = 0; i < 5; i++) await turn();
    advance(ms - 499);
    for (let i = 0; i < 5; i++) await turn();
    advance(1);
    expect((await outcome).error).toMatchObject({ code: DEADLINE_EXCEEDED, cause: { code: 'DEADLINE_EXCEEDED' } });
    expect(peers.handlings).toEqual([]);
  });

  test("after the scope's end and the application's own deadline ends with DEADLINE_EXCEEDED", async () => {
    const client = peers.client(waiting(10));
    const outcome = withTimeout(0, () => client.outcome('unary', undefined, { deadline: Date.now() - 1 }));
    await turn();
    advance(10);
    expect((await outcome).error).toMatchObject({ code: DEADLINE_EXCEEDED, cause: { code: 'DEADLINE_EXCEEDED' } });
  });
});

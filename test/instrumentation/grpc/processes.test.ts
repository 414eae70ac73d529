import * as grpc from '@grpc/grpc-js';
import { within } from '../../support/waiting.js';
import { Hop, type Order } from './hops.js';
import { KINDS, type Kind } from './peers.js';

const { call, service } = require('./fixtures/hop-service.cjs');

const SET_UPS: ['cjs' | 'mjs', Order][] = [
  ['cjs', 'alone'],
  ['cjs', 'ours first'],
  ['cjs', 'ours last'],
  ['cjs', 'disabled while it loads'],
  ['cjs', 'loaded before'],
  ['mjs', 'alone'],
  ['mjs', 'ours first'],
  ['mjs', 'loaded before'],
];

jest.setTimeout(60_000);

const clock = () => Number(process.hrtime.bigint()) / 1e6;

describe.each(SET_UPS)('three hops (%s, %s)', (module, order) => {
  const hops: Hop[] = [];
  const Client = grpc.makeClientConstructor(service, 'Hop');
  let client: grpc.Client;

  beforeAll(async () => {
    hops.push(...(await Promise.all([1, 2, 3].map(() => Hop.start(module, order)))));
    const [first, second, third] = hops as [Hop, Hop, Hop];
    await Promise.all([first.connect(second), second.connect(third)]);
    // Neither this process nor its client is instrumented: a foreign caller.
    client = new Client(first.target, grpc.credentials.createInsecure());
  });

  afterAll(async () => {
    client?.close();
    await Promise.all(hops.map((hop) => hop.kill()));
  });

  function begin(kind: Kind, options: grpc.CallOptions = {}) {
    let code: number | undefined;
    const begun = call(client, kind, {
      metadata: new grpc.Metadata(),
      options,
      done: (error: grpc.ServiceError | null) => {
        code = error?.code;
      },
    });
    return { begun, ended: async () => within(5_000, 'the call to end', () => code !== undefined).then(() => code) };
  }

  /** Takes note of signals that abort after the calls of their handlers have failed. */
  async function settle(): Promise<void> {
    for (const hop of hops) {
      await hop.count();
      expect(hop.reports.splice(0).filter(({ event }) => event !== 'aborted')).toEqual([]);
    }
  }

  async function expectNothingLeft(): Promise<void> {
    for (const hop of hops) expect((await hop.count()).alarms).toBe(0);
    expect(hops.map((hop) => hop.gone)).toEqual([false, false, false]);
    expect(hops.flatMap((hop) => hop.reports)).toEqual([]);
  }

  // Before the deadlines: processes that have just started take long over their first calls.
  test.each(KINDS)('stop when their caller hangs up (%s)', async (kind) => {
    const ripples: number[] = [];
    for (let i = 0; i < 20; i++) {
      const { begun } = begin(kind);
      for (const hop of hops) expect((await hop.reported('arrived')).remaining).toBe(Number.POSITIVE_INFINITY);
      const cancelled = clock();
      begun.cancel();
      for (const hop of hops) {
        const { code, at } = await hop.reported('aborted');
        expect(code).toBe('CANCELLED');
        if (hop === hops[2]) ripples.push(at - cancelled);
      }
      for (const hop of hops.slice(0, 2)) {
        expect(await hop.reported('failed')).toMatchObject({ code: 1, caused: 'CANCELLED' });
      }
    }
    ripples.sort((a, b) => a - b);
    // Far more than it takes: a busy machine must not fail a test.
    expect(ripples[10]).toBeLessThan(1_000);
    const [shortest, median, longest] = [0, 10, 19].map((index) => ripples[index]?.toFixed(1));
    console.info(`${module}, ${order}, ${kind}: hang-up to abort at hop 3: ${shortest} / ${median} / ${longest} ms`);
    await expectNothingLeft();
  });

  test.each(KINDS)('inherit the deadline of a foreign caller (%s), and end by it', async (kind) => {
    const due = clock() + 300;
    const { ended } = begin(kind, { deadline: Date.now() + 300 });
    const left: number[] = [];
    for (const hop of hops) left.push((await hop.reported('arrived')).remaining);
    expect(left[0]).toBeLessThanOrEqual(300);
    expect(left).toEqual([...left].sort((a, b) => b - a));
    expect(new Set(left).size).toBe(3);
    expect(await ended()).toBe(4);
    // Each by the deadline or because the hop before it, which has the same, has hung up: whichever comes first there.
    const last = await hops[2]?.reported('aborted');
    const calls = [await hops[0]?.reported('failed'), await hops[1]?.reported('failed')];
    expect([4, 1]).toEqual(expect.arrayContaining(calls.map((call) => call?.code)));
    const over = [last, ...calls].map((report) => (report?.at ?? 0) - due);
    // Far more than it takes: a busy machine must not fail a test.
    expect(Math.max(...over)).toBeLessThan(1_000);
    await settle();
    await expectNothingLeft();
  });
});

test('a hop that is killed takes the work below it with it', async () => {
  const hops = await Promise.all([1, 2, 3].map(() => Hop.start('cjs', 'alone')));
  const [first, second, third] = hops as [Hop, Hop, Hop];
  await Promise.all([first.connect(second), second.connect(third)]);
  const Client = grpc.makeClientConstructor(service, 'Hop');
  const client = new Client(first.target, grpc.credentials.createInsecure());
  try {
    for (const kind of KINDS) {
      call(client, kind, { metadata: new grpc.Metadata(), options: {}, done: () => {} });
      await third.reported('arrived');
    }
    await first.kill();
    for (const _ of KINDS) {
      expect((await second.reported('aborted')).code).toBe('CANCELLED');
      expect((await third.reported('aborted')).code).toBe('CANCELLED');
    }
    expect((await second.count()).alarms).toBe(0);
    expect((await third.count()).alarms).toBe(0);
  } finally {
    client.close();
    await Promise.all(hops.map((hop) => hop.kill()));
  }
});

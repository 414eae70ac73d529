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

/** A process for each set-up, each of which calls the next: so each set-up is the first, the middle and the last hop. */
const ring: Hop[] = [];
const Client = grpc.makeClientConstructor(service, 'Hop');

beforeAll(async () => {
  ring.push(...(await Promise.all(SET_UPS.map((setUp) => Hop.start(...setUp)))));
  await Promise.all(ring.map((hop, i) => hop.connect(ring[(i + 1) % ring.length] as Hop)));
});

afterAll(() => Promise.all(ring.map((hop) => hop.kill())));

/** Starts a call that goes through three hops. */
function begin(client: grpc.Client, kind: Kind, options: grpc.CallOptions, done: (error?: grpc.ServiceError) => void) {
  const metadata = new grpc.Metadata();
  metadata.set('further', '2');
  return call(client, kind, { metadata, options, done });
}

describe.each(SET_UPS.map((setUp, i) => [...setUp, i] as const))(
  'three hops, from %s, %s on',
  (module, order, from) => {
    const hops: Hop[] = [];
    let client: grpc.Client;

    beforeAll(() => {
      hops.push(...[...ring, ...ring].slice(from, from + 3));
      // Neither this process nor its client is instrumented: a foreign caller.
      client = new Client((hops[0] as Hop).target, grpc.credentials.createInsecure());
    });

    afterAll(() => client.close());

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
        const begun = begin(client, kind, {}, () => {});
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
      let code: number | undefined;
      begin(client, kind, { deadline: Date.now() + 300 }, (error) => {
        code = error?.code;
      });
      const left: number[] = [];
      for (const hop of hops) left.push((await hop.reported('arrived')).remaining);
      expect(left[0]).toBeLessThanOrEqual(300);
      expect(left).toEqual([...left].sort((a, b) => b - a));
      expect(new Set(left).size).toBe(3);
      await within(5_000, 'the call to end', () => code !== undefined);
      expect(code).toBe(4);
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
  },
);

// The last one: behind it there is a process less.
test('a hop that is killed takes the work below it with it', async () => {
  const [first, second, third] = ring as [Hop, Hop, Hop];
  const client = new Client(first.target, grpc.credentials.createInsecure());
  try {
    for (const kind of KINDS) {
      begin(client, kind, {}, () => {});
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
  }
});

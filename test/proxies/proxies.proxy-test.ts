import type { Server } from 'node:http';
import { defaultTextMapSetter, propagation, ROOT_CONTEXT, type TextMapPropagator } from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { type BaggageDrop, BoundedBaggagePropagator } from '../../src/index.js';
import { type Answer, get, portOf, startOrigin, stopOrigin } from './origin.js';
import { PROXY_KINDS } from './proxy-kinds.js';
import { RunningProxy } from './running-proxy.js';

/** 2 KiB, as a session in a browser has it. */
const COOKIE = `session=${'c'.repeat(2048 - 'session='.length)}`;

type Values = readonly (readonly [key: string, value: string])[];

/** What `propagator` writes for baggage that an application has set. */
function emitted(propagator: TextMapPropagator, values: Values): string {
  const baggage = propagation.createBaggage(Object.fromEntries(values.map(([key, value]) => [key, { value }])));
  const carrier: { baggage?: string } = {};
  propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), carrier, defaultTextMapSetter);
  return carrier.baggage ?? '';
}

/** Members of `size` bytes each on the wire. */
function valuesOf(count: number, size: number): Values {
  return Array.from({ length: count }, (_, i) => {
    const key = `member-${String(i).padStart(3, '0')}`;
    return [key, 'v'.repeat(size - key.length - 1)];
  });
}

/** 64 members that take `bytes` on the wire, commas included. */
function largest(bytes: number): Values {
  const size = Math.floor((bytes - 63) / 64);
  const last = bytes - 63 * (size + 1);
  return [...valuesOf(63, size), ['last', 'v'.repeat(last - 'last='.length)]];
}

/** All characters that stand for themselves in a value, the percent sign, and what must be escaped. */
const ALPHABET: Values = [['all', '!#$&\'()*+-./09:<=>?@AZ[]^_`az{|}~ %",;\\ü€𝄞']];
/** Far more than anybody accepts: 180 members, 16 KiB. The pinned ones were set last. */
const FLOOD = [...valuesOf(178, 90), ['tenant', 'globex'], ['user_id', 'u-42']] as const;
const PINNED = ['tenant', 'user_*'];

describe.each(PROXY_KINDS)('$name $version', (kind) => {
  if (kind.program === undefined) {
    if (process.env.CI) {
      test('is installed', () => {
        throw new Error(`${kind.name} is not installed: run test/proxies/install.sh`);
      });
    } else {
      process.stderr.write(`\nSKIPPED: ${kind.name} is not installed. Nothing is known about it.\n\n`);
      test.skip(`${kind.name} is not installed: run test/proxies/install.sh`, () => {});
    }
    return;
  }

  let origin: Server;
  let proxy: RunningProxy;
  beforeAll(async () => {
    origin = await startOrigin();
    proxy = await RunningProxy.start(kind, portOf(origin));
  });
  afterAll(async () => {
    await proxy?.stop();
    if (origin !== undefined) await stopOrigin(origin);
  });

  const send = (baggage: string): Promise<Answer> => get(proxy.port, { baggage, cookie: COOKIE });

  async function expectRefused(baggage: string): Promise<void> {
    const { status, arrived } = await send(baggage);
    expect([400, 431]).toContain(status);
    expect(arrived).toBeUndefined();
  }

  test("the largest baggage of 'safe' arrives byte for byte, a cookie of 2 KiB beside it", async () => {
    const onDrop = jest.fn();
    const baggage = emitted(new BoundedBaggagePropagator({ onDrop }), largest(4096));
    expect([Buffer.byteLength(baggage), baggage.split(',').length]).toEqual([4096, 64]);
    expect(onDrop).not.toHaveBeenCalled();

    const { status, arrived } = await send(baggage);
    expect(status).toBe(200);
    expect(arrived?.baggage).toBe(baggage);
    expect(arrived?.cookie).toBe(COOKIE);
  });

  test('every character that a value may hold arrives as it was sent', async () => {
    const baggage = emitted(new BoundedBaggagePropagator(), ALPHABET);
    const { arrived } = await send(baggage);
    expect(arrived?.baggage).toBe(baggage);
  });

  test('what is over passes too: members are dropped whole, and reported, and the pinned ones are kept', async () => {
    const drops: BaggageDrop[] = [];
    const propagator = new BoundedBaggagePropagator({ pinned: PINNED, onDrop: (drop) => drops.push(drop) });
    const baggage = emitted(propagator, FLOOD);
    const { status, arrived } = await send(baggage);
    expect(status).toBe(200);

    const members = String(arrived?.baggage).split(',');
    const expected = [...FLOOD.slice(178), ...FLOOD.slice(0, members.length - 2)];
    expect(members).toEqual(expected.map(([key, value]) => `${key}=${value}`));
    expect(arrived?.baggage?.length).toBeLessThanOrEqual(4096);
    // No smaller one would have fitted.
    expect(arrived?.baggage?.length).toBeGreaterThan(4096 - 91);
    expect(drops.map(({ key }) => key)).toEqual(FLOOD.slice(members.length - 2, 178).map(([key]) => key));
  });

  // The checks above can fail: the same proxy does refuse.
  test('control: 16 KiB are refused', async () => {
    const unbounded = new BoundedBaggagePropagator({ limits: { members: 180, bytes: 20_000 } });
    const baggage = emitted(unbounded, FLOOD);
    expect(baggage.length).toBeGreaterThan(16_000);
    await expectRefused(baggage);
  });

  const accepts = kind.accepts8KiB ? 'accepted' : 'refused';
  test.each<[string, TextMapPropagator, Values]>([
    ["'w3c' sends at most", new BoundedBaggagePropagator({ limits: 'w3c' }), largest(8192)],
    ["core's propagator makes of 16 KiB", new W3CBaggagePropagator(), FLOOD],
  ])(`control: what %s is ${accepts}`, async (_, propagator, values) => {
    const baggage = emitted(propagator, values);
    expect(baggage.length).toBeGreaterThan(8187);
    if (!kind.accepts8KiB) return expectRefused(baggage);
    expect((await send(baggage)).arrived?.baggage).toBe(baggage);
  });
});

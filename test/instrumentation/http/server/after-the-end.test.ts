import http, { type RequestListener } from 'node:http';
import { context as contextApi } from '@opentelemetry/api';
import { abortSignal, remainingTime, setDeadline } from '../../../../src/context/context-deadline.js';
import { Deadline } from '../../../../src/context/deadline.js';
import { isCallCancelled } from '../../../../src/errors.js';
import { pendingAlarms } from '../../../../src/time/alarms.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { Outcome } from '../calls.js';
import { type Handling, Handlings } from '../handlings.js';
import { RawClient, Servers } from '../servers.js';

// A library may run its callbacks in the context of the request that opened a connection. They must not fail for ever
// because that request has ended: its scope lives no longer than its work.

const LINGER = 30_000;
const servers = new Servers();
const enforcement = new Enforcement();

const isBound = ({ context }: Handling) => remainingTime(context) === 0;
const isFree = ({ context }: Handling) => remainingTime(context) === Number.POSITIVE_INFINITY;

/** A request that `app` handles, and whose caller has gone when this returns. */
async function abandoned(app: RequestListener): Promise<Handling> {
  const handlings = new Handlings(app);
  const client = new RawClient((await servers.serve(handlings.handler)).port);
  client.send(['GET / HTTP/1.1', 'timebudget: 60000']);
  const handling = await handlings.arrived();
  client.socket.destroy();
  await within(2_000, 'the request to end', () => remainingTime(handling.context) !== 60_000);
  return handling;
}

/** A request whose time is up, and whose caller still waits. */
async function late(app: RequestListener): Promise<Handling> {
  const handlings = new Handlings(app);
  const client = new RawClient((await servers.serve(handlings.handler)).port);
  client.send(['GET / HTTP/1.1', 'timebudget: 100']);
  const handling = await handlings.arrived();
  advance(100);
  return handling;
}

const never: RequestListener = () => {};

describe.each([
  ['whose caller has hung up', abandoned],
  ['whose time is up', late],
])('a request %s', (_, begin) => {
  test('binds for 30 s where nothing reports that its handler is done', async () => {
    const handling = await begin(never);
    expect(isBound(handling)).toBe(true);
    advance(LINGER - 1);
    expect(isBound(handling)).toBe(true);
    advance(1);
    expect(isFree(handling)).toBe(true);
  });

  test('binds while the promise of its handler is pending, however long', async () => {
    const handler = withResolvers();
    const handling = await begin(() => handler.promise);
    for (let i = 0; i < 3; i++) {
      advance(LINGER);
      expect(isBound(handling)).toBe(true);
      await new Promise(setImmediate);
    }
    handler.resolve();
    await within(2_000, 'the scope to complete', () => isFree(handling));
  });

  test('calls that its context makes afterwards go out again', async () => {
    const backend = await servers.serve((_, response) => void response.end('done'));
    const handling = await begin(never);
    const call = () => contextApi.with(handling.context, () => new Outcome(http.get(backend.url, { agent: false })));
    const refused = call();
    await refused.close();
    expect(refused.errors).toHaveLength(1);
    advance(LINGER);
    const made = call();
    await made.close();
    expect(made.errors).toEqual([]);
  });
});

test('an async handler that has returned, and goes on in callbacks, is bound until it answers', async () => {
  const handling = await abandoned(async () => {});
  await new Promise(setImmediate);
  expect(isBound(handling)).toBe(true);
  advance(LINGER - 1);
  expect(isBound(handling)).toBe(true);
  handling.response.end('for nobody');
  expect(isFree(handling)).toBe(true);
});

test('work that a deadline of its own bounds is freed with the request that it was begun in', async () => {
  const handling = await abandoned(never);
  const narrowed = setDeadline(handling.context, Deadline.after(5));
  expect(remainingTime(narrowed)).toBe(0);
  advance(LINGER);
  expect(remainingTime(narrowed)).toBe(Number.POSITIVE_INFINITY);
});

describe('a request whose caller has hung up completes', () => {
  test('when its handler ends the response', async () => {
    const handling = await abandoned(never);
    expect(isBound(handling)).toBe(true);
    handling.response.end('for nobody');
    expect(isFree(handling)).toBe(true);
  });

  test('when the promise of its handler is rejected, and the process goes on', async () => {
    const handling = await abandoned(async () => {
      await new Promise((_, reject) => handlingSignal().addEventListener('abort', reject));
    });
    await within(2_000, 'the scope to complete', () => isFree(handling));
    expect(isCallCancelled(handling.signal?.reason)).toBe(true);
  });

  test('at once when the handler had ended a response that was not sent yet', async () => {
    const handling = await abandoned((_, response) => void response.end('x'.repeat(64 << 20)));
    expect(isFree(handling)).toBe(true);
  });
});

test('a handler that polls gets no calls through while it runs', async () => {
  const backend = await servers.serve((_, response) => void response.end('done'));
  const errors: unknown[] = [];
  let stop = false;
  const handling = await abandoned(async () => {
    while (!stop) {
      const call = new Outcome(http.get(backend.url, { agent: false }));
      await call.close();
      errors.push(...call.errors);
      await new Promise(setImmediate);
    }
  });
  for (let i = 0; i < 5; i++) {
    advance(LINGER);
    const seen = errors.length;
    await within(2_000, 'another call', () => errors.length > seen + 1);
  }
  expect(errors.slice(-5).every(isCallCancelled)).toBe(true);
  stop = true;
  await within(2_000, 'the scope to complete', () => isFree(handling));
});

function handlingSignal(): AbortSignal {
  const signal = abortSignal();
  if (signal === undefined) throw new Error('outside of a request');
  return signal;
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

test('a request that its server hands on late belongs to itself, whoever hands it on', async () => {
  const seen: number[] = [];
  const inner = http.createServer((_, response) => {
    seen.push(remainingTime());
    response.end('done');
  });
  const queue: (() => void)[] = [];
  const { port } = await servers.serve((request, response) => {
    queue.push(() => inner.emit('request', request, response));
    if (queue.length === 2) for (const handOn of queue) handOn();
  });
  const clients = ['1000', '5000'].map((ms) => new RawClient(port).send(['GET / HTTP/1.1', `timebudget: ${ms}`]));
  for (const client of clients) await client.received(/done/);
  expect(seen.sort()).toEqual([1000, 5000]);
});

test('observe mode keeps no request that was abandoned', async () => {
  enforcement.configure({ mode: 'observe' });
  const handlings = new Handlings(never);
  const client = new RawClient((await servers.serve(handlings.handler)).port);
  client.send(['GET / HTTP/1.1', 'timebudget: 9999999999']);
  const { signal } = await handlings.arrived();
  signal?.addEventListener('abort', () => {});
  client.socket.destroy();
  await within(2_000, 'the hang-up to be counted', () => enforcement.counts['server cancelled'] === 1);
  expect(pendingAlarms()).toBeGreaterThan(0);
  advance(LINGER);
  expect(pendingAlarms()).toBe(0);
});

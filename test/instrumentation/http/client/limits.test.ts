import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { propagation } from '@opentelemetry/api';
import { abortSignal, remainingTime } from '../../../../src/context/context-deadline.js';
import { detach, withCancel, withTimeout } from '../../../../src/context/with-scope.js';
import { createPropagator } from '../../../../src/propagation/create-propagator.js';
import { pendingAlarms } from '../../../../src/time/alarms.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance, block } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { OpenScope, Outcome } from '../calls.js';
import { Handlings } from '../handlings.js';
import { RawClient, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();
const exceeded = expect.objectContaining({ code: 'DEADLINE_EXCEEDED' });

const call = (url: string, options: http.RequestOptions = {}) =>
  new Outcome(http.get(url, { agent: false, ...options }));

describe("the caller's own limits", () => {
  test('his signal, which is earlier, gives its own error', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const own = new AbortController();
    const outcome = new OpenScope(1_000).run(() => call(url, { signal: own.signal }));
    await handlings.arrived();
    own.abort();
    await outcome.close();
    expect(outcome.errors).toEqual([expect.objectContaining({ name: 'AbortError' })]);
    expect(pendingAlarms()).toBe(0);
    advance(1_000);
    expect(enforcement.counts['client exceeded']).toBeUndefined();
  });

  test('his signal, which is later, does no harm', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const own = new AbortController();
    const outcome = new OpenScope(1_000).run(() => call(url, { signal: own.signal }));
    await handlings.arrived();
    advance(1_000);
    own.abort();
    await outcome.close();
    expect(outcome.errors).toEqual([exceeded]);
  });

  test("his timeout gives its event 'timeout' and no error of ours", async () => {
    const { url } = await servers.serve(() => {});
    const outcome = new OpenScope(60_000).run(() => call(url, { timeout: 20 }));
    await once(outcome.request, 'timeout');
    expect(outcome.errors).toEqual([]);
    outcome.request.destroy(new Error('his own'));
    await outcome.close();
    expect(outcome.errors).toEqual([expect.objectContaining({ message: 'his own' })]);
    expect(pendingAlarms()).toBe(0);
  });

  test('a call that he destroys is over', async () => {
    const { url } = await servers.serve((_, response) => void response.write('half'));
    const outcome = new OpenScope(1_000).run(() => call(url));
    (await outcome.responded()).destroy();
    await outcome.close();
    expect(pendingAlarms()).toBe(0);
    advance(1_000);
    expect(enforcement.counts['client exceeded']).toBeUndefined();
  });

  test('a call that fails by itself is over', async () => {
    const { url, server } = await servers.serve(() => {});
    const scope = new OpenScope(1_000);
    server.on('request', ({ socket }) => socket.destroy());
    const outcome = scope.run(() => call(url));
    await outcome.close();
    expect(outcome.errors).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
    expect(pendingAlarms()).toBe(0);
  });

  test('a call that never comes to life leaves nothing behind', () => {
    const scope = new OpenScope(1_000);
    expect(() => scope.run(() => http.get({ port: 99_999 }))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    );
    expect(pendingAlarms()).toBe(0);
  });
});

test('an upgrade releases the call: the connection belongs to somebody else', async () => {
  const { server, url } = await servers.serve(() => {});
  server.on('upgrade', (_, socket: net.Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const scope = new OpenScope(1_000);
  const { request } = scope.run(() => call(url, { headers: { connection: 'upgrade', upgrade: 'echo' } }));
  const [, socket] = (await once(request, 'upgrade')) as [unknown, net.Socket];
  expect(pendingAlarms()).toBe(0);
  advance(1_000);
  scope.cancel();
  socket.write('still here');
  const [echoed] = await once(socket, 'data');
  expect(String(echoed)).toBe('still here');
  socket.destroy();
});

test('a tunnel releases the call', async () => {
  const { server, port } = await servers.serve(() => {});
  server.on('connect', (_, socket: net.Socket) => {
    socket.write('HTTP/1.1 200 Connected\r\n\r\n');
    socket.pipe(socket);
  });
  const scope = new OpenScope(1_000);
  const request = scope.run(() => http.request({ port, method: 'CONNECT', path: 'other:443', agent: false }).end());
  const [, socket] = (await once(request, 'connect')) as [unknown, net.Socket];
  scope.cancel();
  advance(1_000);
  socket.write('still here');
  await once(socket, 'data');
  socket.destroy();
});

describe('a call and the scopes around it', () => {
  const halfway: http.RequestListener = (_, response) => void response.write('half');

  test('withTimeout around the call bounds the body as well', async () => {
    const { url } = await servers.serve(halfway);
    let outcome: Outcome | undefined;
    const response = await withTimeout(500, async () => {
      outcome = call(url);
      return outcome.responded();
    });
    expect(pendingAlarms()).toBe(1);
    advance(499);
    expect(response.destroyed).toBe(false);
    advance(1);
    const [error] = await once(response, 'error');
    expect(error).toEqual(exceeded);
    expect(error).toMatchObject({ budget: 500 });
    await outcome?.close();
  });

  test('a body that has come to its end in time is not touched', async () => {
    const { url } = await servers.serve((_, response) => void response.end('whole'));
    const body = await withTimeout(500, () => call(url).body());
    expect(body).toBe('whole');
    await within(2_000, 'the call to be over', () => pendingAlarms() === 0);
  });

  test('a scope inside one that is cancelled ends its calls, also when it has completed', async () => {
    const { url } = await servers.serve(halfway);
    const outer = new OpenScope();
    const outcome = await outer.run(() =>
      withTimeout(60_000, async () => {
        const outcome = call(url);
        await outcome.responded();
        return outcome;
      }),
    );
    outer.cancel();
    await outcome.close();
    expect(outcome.errors).toEqual([expect.objectContaining({ code: 'CANCELLED', cause: outer.reason })]);
  });

  test('a call of withCancel goes on when its function has settled', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const outcome = await withCancel(async () => {
      const outcome = call(url);
      await handlings.arrived();
      return { outcome };
    });
    (await handlings.arrived()).response.end('late');
    expect(await outcome.outcome.body()).toBe('late');
  });

  test('the answer to the caller releases the calls that were made for it', async () => {
    const upstream: http.ServerResponse[] = [];
    const { url } = await servers.serve((_, response) => void upstream.push(response));
    const calls: Outcome[] = [];
    let alarms = 0;
    const { port } = await servers.serve(async (_, response) => {
      calls.push(call(url));
      withTimeout(1_000, () => calls.push(call(url)));
      await within(2_000, 'both calls', () => upstream.length === 2);
      alarms = pendingAlarms();
      response.end('answered');
    });
    const client = new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 1000']);
    await client.received(/answered/);
    expect(alarms).toBeGreaterThan(0);
    await within(2_000, 'no alarm', () => pendingAlarms() === 0);
    client.socket.destroy();
    advance(1_000);
    for (const response of upstream) response.end('late');
    for (const outcome of calls) expect(await outcome.body()).toBe('late');
    expect(enforcement.counts['client exceeded']).toBeUndefined();
  });

  test('detach frees its calls', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const scope = new OpenScope(1_000);
    const outcome = scope.run(() => detach(() => call(url)));
    const { request, response } = await handlings.arrived();
    expect(request.headers.timebudget).toBeUndefined();
    advance(1_000);
    scope.cancel();
    response.end('done');
    expect(await outcome.body()).toBe('done');
    expect(scope.run(() => abortSignal())?.aborted).toBe(true);
  });
});

describe('the reserve of the propagator', () => {
  beforeEach(() => {
    propagation.disable();
    propagation.setGlobalPropagator(createPropagator({ deadline: { reserve: 200 } }));
  });

  test('holds for the call itself: it is aborted at what it was told, and this hop still has time', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const scope = new OpenScope(1_000);
    const outcome = scope.run(() => call(url));
    expect((await handlings.arrived()).request.headers.timebudget).toBe('800');
    advance(799);
    expect(outcome.request.destroyed).toBe(false);
    advance(1);
    await outcome.close();
    expect(outcome.errors).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED', budget: 1_000, spent: 800 })]);
    expect(remainingTime(scope.context)).toBe(200);
    expect(enforcement.counts['client exceeded']).toBe(1);
  });
});

describe('in observe mode', () => {
  test('a call goes on, and is counted once', async () => {
    enforcement.configure({ mode: 'observe' });
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const outcome = new OpenScope(1_000).run(() => call(url));
    const { response } = await handlings.arrived();
    advance(1_000);
    response.end('done');
    expect(await outcome.body()).toBe('done');
    expect(enforcement.counts['client exceeded']).toBe(1);
  });
});

test('a deadline that passes while the call is made aborts it, with one error', async () => {
  const { url } = await servers.serve((_, response) => void response.end());
  propagation.disable();
  propagation.setGlobalPropagator({ inject: () => block(1_000), extract: (context) => context, fields: () => [] });
  const outcome = new OpenScope(1_000).run(() => call(url));
  await outcome.close();
  expect(outcome.events).toEqual(['error', 'close']);
  expect(outcome.errors).toEqual([exceeded]);
});

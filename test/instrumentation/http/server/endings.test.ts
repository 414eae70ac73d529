import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Socket } from 'node:net';
import { type Context, context as contextApi } from '@opentelemetry/api';
import { remainingTime, throwIfExceeded } from '../../../../src/context/context-deadline.js';
import { isCallCancelled } from '../../../../src/errors.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { type Handling, Handlings } from '../handlings.js';
import { RawClient, type Served, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();

const answer: RequestListener = (_, response) => void response.end('done');
const never: RequestListener = () => {};
const halfway: RequestListener = (_, response) => void response.write('the first half');

async function expectCompleted({ context, signal }: Handling): Promise<void> {
  await within(2_000, 'the scope to complete', () => remainingTime(context) === Number.POSITIVE_INFINITY);
  expect(() => throwIfExceeded(context)).not.toThrow();
  expect(signal?.aborted).toBe(false);
  expect(enforcement.counts).toEqual({});
}

async function expectCancelled({ context, signal }: Handling): Promise<void> {
  await within(2_000, 'the signal to abort', () => signal?.aborted === true);
  expect(isCallCancelled(signal?.reason)).toBe(true);
  expect(remainingTime(context)).toBe(0);
  expect(enforcement.counts).toEqual({ 'server cancelled': 1 });
}

describe('a response that has been sent completes the scope', () => {
  const budget = 'timebudget: 60000';

  test.each<[string, RequestListener, string[]]>([
    ['with a body', answer, ['GET / HTTP/1.1', budget]],
    ['to HEAD', answer, ['HEAD / HTTP/1.1', budget]],
    ['of 304', (_, response) => void response.writeHead(304).end(), ['GET / HTTP/1.1', budget]],
    ['of 204', (_, response) => void response.writeHead(204).end(), ['DELETE / HTTP/1.1', budget]],
    ['over HTTP/1.0', answer, ['GET / HTTP/1.0', budget]],
    ['over a connection that closes', answer, ['GET / HTTP/1.1', 'connection: close', budget]],
    ['although the upload goes on', answer, ['POST / HTTP/1.1', 'content-length: 10', budget]],
    [
      'in chunks',
      (_, response) => {
        response.write('a');
        setImmediate(() => response.end('b'));
      },
      ['GET / HTTP/1.1', budget],
    ],
  ])('%s', async (_, app, head) => {
    const handlings = new Handlings(app);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    await client.send(head).received(/^HTTP\/1.1 [23]/);
    await expectCompleted(await handlings.arrived());
  });

  test('over https', async () => {
    const handlings = new Handlings(answer);
    const { url } = await servers.serve(handlings.handler, 'https');
    https.get(url, { rejectUnauthorized: false, agent: false, headers: { timebudget: '60000' } }, (response) =>
      response.resume(),
    );
    const handling = await handlings.arrived();
    await expectCompleted(handling);
  });

  test.each([
    ['GET', answer],
    ['HEAD', answer],
    ['GET', (_, response) => void response.writeHead(304).end()],
  ] satisfies [string, RequestListener][])('over HTTP/2: %s', async (method, app) => {
    const handlings = new Handlings(app);
    const { url } = await servers.serve(handlings.handler, 'http2');
    const session = http2.connect(url);
    session.request({ ':method': method, timebudget: '60000' }).resume();
    await expectCompleted(await handlings.arrived());
    session.destroy();
  });

  test('each of those on a connection that is kept alive', async () => {
    const handlings = new Handlings(answer);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    for (let i = 0; i < 3; i++) {
      client.send(['GET / HTTP/1.1', budget]);
      await expectCompleted(await handlings.arrived(i));
    }
    const { request } = await handlings.arrived();
    const listeners = request.socket.listenerCount('close');
    client.send(['GET / HTTP/1.1', budget]);
    await expectCompleted(await handlings.arrived(3));
    expect(request.socket.listenerCount('close')).toBe(listeners);
  });

  test('without any deadline', async () => {
    const handlings = new Handlings(answer);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(['GET / HTTP/1.1']);
    const handling = await handlings.arrived();
    expect(handling.signal).toBeDefined();
    await client.received(/done/);
    client.socket.destroy();
    await expectCompleted(handling);
  });
});

describe('a caller who goes away before cancels the scope', () => {
  const get = ['GET / HTTP/1.1'];
  const destroy = (client: RawClient) => client.socket.destroy();

  test.each<[string, RequestListener, string[], (client: RawClient, handling: Handling) => unknown]>([
    ['before the headers', never, get, destroy],
    ['with a deadline that is far', never, [...get, 'timebudget: 60000'], destroy],
    ['in the middle of the body', halfway, get, destroy],
    ['by a reset', halfway, get, (client) => client.socket.resetAndDestroy()],
    ['with an upload that stalls', never, ['POST / HTTP/1.1', 'content-length: 10'], destroy],
    ['by closing his half', never, get, (client) => client.socket.end()],
    ['because the server closes the connection', never, get, (_, { request }) => request.socket.destroy()],
    ['because the handler destroys the response', halfway, get, (_, { response }) => response.destroy()],
  ])('%s', async (_, app, head, leave) => {
    const handlings = new Handlings(app);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(head);
    const handling = await handlings.arrived();
    if (app === halfway) await client.received(/half/);
    leave(client, handling);
    await expectCancelled(handling);
  });

  test('over https', async () => {
    const handlings = new Handlings(halfway);
    const { url } = await servers.serve(handlings.handler, 'https');
    const request = https.get(url, { rejectUnauthorized: false, agent: false }).on('error', () => {});
    const handling = await handlings.arrived();
    request.destroy();
    await expectCancelled(handling);
  });

  test.each<[string, RequestListener, (stream: http2.ClientHttp2Stream, served: Served) => void]>([
    ['a reset before the headers', never, (stream) => stream.close(http2.constants.NGHTTP2_CANCEL)],
    ['a reset in the middle of the body', halfway, (stream) => stream.close(http2.constants.NGHTTP2_CANCEL)],
    ['a session that is gone', never, (stream) => stream.session?.destroy()],
    ['a connection that is gone', halfway, (_, { connections }) => connections[0]?.destroy()],
  ])('over HTTP/2: %s', async (_, app, leave) => {
    const handlings = new Handlings(app);
    const served = await servers.serve(handlings.handler, 'http2');
    const session = http2.connect(served.url).on('error', () => {});
    const stream = session.request().on('error', () => {});
    const handling = await handlings.arrived();
    if (app === halfway) await once(stream.resume(), 'data');
    leave(stream, served);
    await expectCancelled(handling);
    session.destroy();
  });

  test('over HTTP/2: a reset harms no other stream of the connection', async () => {
    const handlings = new Handlings(never);
    const { url } = await servers.serve(handlings.handler, 'http2');
    const session = http2.connect(url);
    const [first, second] = [session.request(), session.request()];
    first.on('error', () => {});
    const [gone, staying] = [await handlings.arrived(0), await handlings.arrived(1)];
    first.close(http2.constants.NGHTTP2_CANCEL);
    await expectCancelled(gone);
    expect(staying.signal?.aborted).toBe(false);
    staying.response.end('done');
    second.resume();
    await once(second, 'end');
    session.destroy();
  });

  test('whose deadline has passed already is not counted as cancelled too', async () => {
    const handlings = new Handlings(never);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(['GET / HTTP/1.1', 'timebudget: 20']);
    const { signal } = await handlings.arrived();
    advance(20);
    client.socket.destroy();
    await within(2_000, 'it to be counted', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
    expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe('pipelined requests', () => {
  test('that wait for their turn hear of a hang-up, each once', async () => {
    const handlings = new Handlings(never);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    for (let i = 0; i < 3; i++) client.send([`GET /${i} HTTP/1.1`]);
    const all = [await handlings.arrived(0), await handlings.arrived(1), await handlings.arrived(2)];
    client.socket.destroy();
    for (const { signal } of all) {
      await within(2_000, 'the signal to abort', () => signal?.aborted === true);
      expect(isCallCancelled(signal?.reason)).toBe(true);
    }
    expect(enforcement.counts).toEqual({ 'server cancelled': 3 });
  });

  test('are completed each by its own response, and leave no listener on the connection', async () => {
    const handlings = new Handlings(never);
    const { port, connections } = await servers.serve(handlings.handler);
    const client = new RawClient(port).send(['GET /0 HTTP/1.1']);
    (await handlings.arrived()).response.end('done');
    await client.received(/done/);
    const listeners = connections[0]?.listenerCount('close');
    for (let i = 1; i <= 3; i++) client.send([`GET /${i} HTTP/1.1`]);
    const all = [await handlings.arrived(1), await handlings.arrived(2), await handlings.arrived(3)];
    for (const { response } of [...all].reverse()) response.end('done');
    await client.received(/(done.*){4}/s);
    for (const each of all) await expectCompleted(each);
    expect(connections[0]?.listenerCount('close')).toBe(listeners);
    client.socket.destroy();
    await within(2_000, 'the connection to close', () => connections[0]?.destroyed === true);
    expect(enforcement.counts).toEqual({});
  });
});

test('a scope that has been cancelled ends all that is begun under it later', async () => {
  const outcomes: unknown[] = [];
  const handlings = new Handlings((request) => {
    request.once('close', () => {
      http.get('http://127.0.0.1:9/').on('error', (error) => outcomes.push(error));
    });
  });
  const client = new RawClient((await servers.serve(handlings.handler)).port);
  client.send(['GET / HTTP/1.1']);
  const handling = await handlings.arrived();
  client.socket.destroy();
  await within(2_000, 'the call to fail', () => outcomes.length > 0);
  expect(outcomes).toEqual([expect.objectContaining({ code: 'CANCELLED', cause: handling.signal?.reason })]);
});

test('a request that the application emits itself, with a stand-in for the connection, is handled', async () => {
  const handlings = new Handlings();
  const { server } = await servers.serve(handlings.handler);
  const request = new http.IncomingMessage({ readable: false } as Socket);
  Object.assign(request, { method: 'GET', url: '/', headers: { timebudget: '500' }, httpVersionMajor: 1 });
  const response = new http.ServerResponse(request);
  server.emit('request', request, response);
  const handling = await handlings.arrived();
  expect(remainingTime(handling.context)).toBe(500);
  response.emit('close');
  expect(remainingTime(handling.context)).toBe(0);
});

test.each([[[]], [['no request']], [[{}]]])('an event of that name with %j is passed on as it is', async (args) => {
  const listener = jest.fn();
  const { server } = await servers.serve(listener);
  expect(server.emit('request', ...args)).toBe(true);
  expect(listener.mock.calls).toEqual([args]);
});

describe('in observe mode, a caller who hangs up', () => {
  test.each<[string, (handling: Handling) => void]>([
    ['before the answer', ({ response }) => void response.end('for nobody')],
    ['in the middle of it', ({ response }) => void response.end()],
  ])('%s: the scope goes on, and completes when the handler has answered', async (when, finish) => {
    enforcement.configure({ mode: 'observe' });
    const handlings = new Handlings(when === 'before the answer' ? never : halfway);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(['GET / HTTP/1.1', 'timebudget: 60000']);
    const handling = await handlings.arrived();
    client.socket.destroy();
    await within(2_000, 'the hang-up to be seen', () => enforcement.counts['server cancelled'] === 1);
    expect([remainingTime(handling.context), handling.signal?.aborted]).toEqual([60_000, false]);
    finish(handling);
    expect([remainingTime(handling.context), handling.signal?.aborted]).toEqual([Number.POSITIVE_INFINITY, false]);
  });
});

test('a stand-in for a response is asked itself for its end', async () => {
  const { server } = await servers.serve(never);
  const ends: (() => void)[] = [];
  const response = {
    socket: {},
    writableFinished: true,
    prependListener: (event: string, listener: () => void) => void (event === 'close' && ends.push(listener)),
  };
  let context: Context | undefined;
  server.once('request', () => {
    context = contextApi.active();
  });
  server.emit('request', { headers: { timebudget: '60000' }, httpVersionMajor: 1 } as never, response as never);
  expect(remainingTime(context)).toBe(60_000);
  for (const end of ends) end();
  expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
});

test('an ignored event reaches its listeners with all that it was emitted with', async () => {
  enforcement.configure({ server: { ignore: () => true } });
  const { server } = await servers.serve(never);
  const seen: unknown[] = [];
  server.once('request', (...args: unknown[]) => seen.push(...args));
  const given = [{ headers: {} }, {}, 'more'];
  server.emit('request', ...(given as [never, never]));
  expect(seen).toEqual(given);
});

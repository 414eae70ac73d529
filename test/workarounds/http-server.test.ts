import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { listenersOf } from '../../src/instrumentation/http/handlers/stand-in.js';
import { headersCountKey } from '../../src/instrumentation/http/remove-fields.js';
import { testNeeded, testReached } from './needed.js';
import { propertyNames } from './property-names.js';

// Faults of the servers of node:http and node:http2, without this package, and the private parts of their emitters.

async function listen(server: http.Server | http2.Http2Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

const reset = {
  covers: 'src/instrumentation/http/response-close.ts',
  fault: 'a response that is being written does not close when its client resets it with NO_ERROR',
  neededOn: { 20: true, 22: true, 24: true, 26: false },
} as const;

testNeeded(reset, async () => {
  expect(await closesAfter(http2.constants.NGHTTP2_CANCEL)).toBe(true);
  return !(await closesAfter(http2.constants.NGHTTP2_NO_ERROR));
});

/** Whether a response that is being written closes when its client resets it with `code`. */
async function closesAfter(code: number): Promise<boolean> {
  let closed = false;
  const server = http2.createServer();
  const aborted = new Promise<void>((resolve) => {
    server.on('request', (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
      request.on('aborted', resolve);
      response.on('close', () => {
        closed = true;
      });
      setImmediate(function write() {
        if (response.stream.destroyed || response.stream.aborted) return;
        response.write('x'.repeat(1000));
        setImmediate(write);
      });
    });
  });
  const session = http2.connect(`http://127.0.0.1:${await listen(server)}`);
  const stream = session.request().resume();
  stream.on('error', () => {});
  await once(stream, 'response');
  stream.close(code);
  await aborted;
  const ping = promisify((done: (error: Error | null) => void) => session.ping(done));
  for (let i = 0; i < 5; i++) await ping();
  session.destroy();
  server.close();
  return closed;
}

testNeeded({ ...reset, covers: 'src/instrumentation/http2/served-stream.ts' }, async () => {
  expect(await closesAfter(http2.constants.NGHTTP2_CANCEL)).toBe(true);
  return !(await closesAfter(http2.constants.NGHTTP2_NO_ERROR));
});

testNeeded(
  { covers: 'src/instrumentation/http2/stream-listeners.ts', fault: 'only names tell that a server is of grpc-js' },
  async () => {
    const server = new GrpcServer();
    const bind = server.bindAsync.bind(server, '127.0.0.1:0', ServerCredentials.createInsecure());
    await promisify(bind as (done: (error: Error | null, port: number) => void) => void)();
    const { http2Servers } = server as unknown as { http2Servers: Map<EventEmitter, unknown> };
    const [listening] = http2Servers.keys();
    const names = listening?.rawListeners('stream').map(({ name }) => name) ?? [];
    server.forceShutdown();
    return names.length === 1 && /^bound _(channelz|stream)Handler$/.test(names[0] ?? '');
  },
);

const pipelined = {
  covers: 'src/instrumentation/http/response-close.ts',
  fault: 'a pipelined response that waits for its turn does not close with its connection',
  neededOn: { 20: true, 22: true, 24: false, 26: false },
} as const;

testNeeded(pipelined, async () => {
  const closed: string[] = [];
  let bothArrived = () => {};
  const arrived = new Promise<void>((resolve) => {
    bothArrived = resolve;
  });
  const server = http.createServer(({ url = '' }, response) => {
    response.on('close', () => closed.push(url));
    if (url === '/2') bothArrived();
  });
  const sockets: Promise<unknown>[] = [];
  server.on('connection', (socket) => sockets.push(once(socket, 'close')));
  const client = connect(await listen(server), '127.0.0.1');
  client.write('GET /1 HTTP/1.1\r\nhost: test\r\n\r\nGET /2 HTTP/1.1\r\nhost: test\r\n\r\n');
  await arrived;
  client.destroy();
  await Promise.all(sockets);
  for (let i = 0; i < 5; i++) await turn();
  server.close();
  expect(closed).toContain('/1');
  return !closed.includes('/2');
});

const capturing = { covers: 'src/instrumentation/http/handlers/run-handlers.ts' } as const;

testNeeded({ ...capturing, fault: 'nothing public tells whether an emitter captures rejections' }, () => {
  const publicOf = (emitter: EventEmitter) =>
    propertyNames(emitter)
      .map((name) => [name, Reflect.get(emitter, name)] as const)
      .filter(([, value]) => typeof value !== 'object');
  expect(publicOf(new EventEmitter({ captureRejections: true }))).toEqual(publicOf(new EventEmitter()));
  return true;
});

testReached({ ...capturing, fault: 'the symbol that says whether an emitter captures rejections' }, () => {
  const kCapture = (emitter: object) =>
    Object.getOwnPropertySymbols(emitter).find((symbol) => symbol.description === 'kCapture');
  for (const captureRejections of [true, false]) {
    const emitter = new EventEmitter({ captureRejections });
    expect(Reflect.get(emitter, kCapture(new EventEmitter()) ?? '')).toBe(captureRejections);
  }
});

const standIn = { covers: 'src/instrumentation/http/handlers/stand-in.ts' } as const;

testReached({ ...standIn, fault: 'the listeners of an emitter can be replaced in place' }, () => {
  const called: string[] = [];
  const emitter = new EventEmitter().on('request', () => called.push('first'));
  expect(listenersOf(emitter)?.request).toBe(emitter.rawListeners('request')[0]);
  emitter.on('request', () => called.push('second'));
  const listeners = listenersOf(emitter);
  expect(Array.from(listeners?.request as Iterable<unknown>)).toEqual(emitter.rawListeners('request'));
  Object.assign(listeners ?? {}, { request: () => called.push('in their place') });
  emitter.emit('request');
  expect(called).toEqual(['in their place']);
});

const rawHeaders = { covers: 'src/instrumentation/http/remove-fields.ts' } as const;

/** Runs `look` for a request that has arrived. */
async function lookAtRequest<T>(look: (request: http.IncomingMessage) => T): Promise<T> {
  const server = http.createServer();
  const looked = new Promise<T>((resolve) => {
    server.on('request', (request, response) => {
      resolve(look(request));
      response.end();
    });
  });
  http.get({ port: await listen(server), host: '127.0.0.1', agent: false }, (response) => response.resume());
  const result = await looked;
  server.close();
  return result;
}

testNeeded({ ...rawHeaders, fault: 'as many raw headers are read as there were on arrival' }, () =>
  lookAtRequest((request) => {
    request.rawHeaders.splice(0, 2);
    try {
      return 'undefined' in request.headersDistinct;
    } catch {
      return true;
    }
  }),
);

testReached({ ...rawHeaders, fault: 'the number of raw headers' }, async () => {
  const [count, length] = await lookAtRequest((request) => [
    Reflect.get(request, headersCountKey(request) ?? ''),
    request.rawHeaders.length,
  ]);
  expect(length).toBeGreaterThan(0);
  expect(count).toBe(length);
});

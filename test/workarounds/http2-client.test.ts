import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { credentials, Client as GrpcClient } from '@grpc/grpc-js';
import { Client } from 'undici';
import { clientSessionPrototype, knownSession } from '../../src/instrumentation/http2/sessions.js';
import { certificate } from '../instrumentation/http/servers.js';
import { testNeeded, testReached } from './needed.js';
import { propertyNames } from './property-names.js';

// Faults of the client of node:http2, without this package, its private parts, and the clients that run over it.

const sockets: Socket[] = [];
const streams: ServerHttp2Stream[] = [];
const plain = http2.createServer();
const secure = http2.createSecureServer(certificate());
for (const server of [plain, secure]) {
  server.on(server === plain ? 'connection' : 'secureConnection', (socket: Socket) => sockets.push(socket));
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    streams.push(stream);
  });
}
beforeAll(() => Promise.all([plain, secure].map((server) => once(server.listen(0, '127.0.0.1'), 'listening'))));
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of [plain, secure]) server.close();
});
const portOf = (server: http2.Http2Server | http2.Http2SecureServer) => (server.address() as AddressInfo).port;

/** Runs `use` with a session that is connected. */
async function withSession<T>(use: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = http2.connect(`http://127.0.0.1:${portOf(plain)}`);
  session.on('error', () => {});
  await once(session, 'connect');
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}

/** The session on which `call` makes its request. */
async function sessionOf(call: () => void): Promise<ClientHttp2Session> {
  const prototype = clientSessionPrototype() as ClientHttp2Session;
  const { request } = prototype;
  try {
    return await new Promise((resolve) => {
      prototype.request = function seen(this: ClientHttp2Session, ...args) {
        resolve(this);
        return request.apply(this, args);
      };
      call();
    });
  } finally {
    prototype.request = request;
  }
}

const destroyed = { covers: 'src/instrumentation/http2/destroy-stream.ts' } as const;

testNeeded({ ...destroyed, fault: 'destroy(error) resets with INTERNAL_ERROR' }, () =>
  withSession(async (session) => {
    const stream = session.request({ ':method': 'POST' });
    const failed = once(stream, 'close').catch(() => {});
    const [arrived] = (await once(plain, 'stream')) as [ServerHttp2Stream];
    stream.destroy(new Error('ours'));
    await failed;
    if (!arrived.closed) await once(arrived, 'close').catch(() => {});
    return arrived.rstCode === http2.constants.NGHTTP2_INTERNAL_ERROR;
  }),
);

testNeeded({ ...destroyed, fault: 'a pipeline takes close(code) for the end, before destroy(error)' }, () =>
  withSession(async (session) => {
    const stream = session.request({ ':method': 'POST' });
    const failed = new Promise<Error>((resolve) => stream.on('error', resolve));
    const piped = pipeline(new Readable({ read() {} }), stream).catch((error: unknown) => error);
    await once(plain, 'stream');
    stream.close(http2.constants.NGHTTP2_CANCEL);
    const isEnded = stream.destroyed;
    stream.destroy(new Error('ours'));
    const { message } = await failed;
    await piped;
    return isEnded && message !== 'ours';
  }),
);

const sessions = { covers: 'src/instrumentation/http2/sessions.ts' } as const;

testNeeded({ ...sessions, fault: 'the class ClientHttp2Session is not exported' }, () => {
  return !Object.keys(http2).includes('ClientHttp2Session');
});

testReached({ ...sessions, fault: 'the prototype of all client sessions' }, () =>
  withSession(async (session) => {
    expect(Object.getPrototypeOf(session)).toBe(clientSessionPrototype());
    expect(Object.hasOwn(clientSessionPrototype(), 'request')).toBe(true);
  }),
);

testNeeded({ ...sessions, fault: 'the authority and the protocol have no public name' }, () =>
  withSession(async (session) => !propertyNames(session).some((name) => /^(authority|protocol)$/i.test(name))),
);

testReached({ ...sessions, fault: 'the origin of a session' }, () =>
  withSession(async (session) => {
    const origin = `http://127.0.0.1:${portOf(plain)}`;
    expect(knownSession(session)).toEqual({ origin, isUndicis: false });
  }),
);

testReached({ ...sessions, fault: 'whether a session is one of undici' }, async () => {
  const origin = `https://127.0.0.1:${portOf(secure)}`;
  const client = new Client(origin, { allowH2: true, connect: { rejectUnauthorized: false } });
  const session = await sessionOf(() => void client.request({ method: 'GET', path: '/' }).catch(() => {}));
  expect(knownSession(session)).toEqual({ origin, isUndicis: true });
  await client.destroy();
});

testNeeded({ ...sessions, fault: 'nothing public tells the sessions of undici from others' }, async () => {
  const client = new Client(`https://127.0.0.1:${portOf(secure)}`, {
    allowH2: true,
    connect: { rejectUnauthorized: false },
  });
  const theirs = await sessionOf(() => void client.request({ method: 'GET', path: '/' }).catch(() => {}));
  const names = propertyNames(theirs);
  await client.destroy();
  return withSession(async (own) => names.every((name) => propertyNames(own).includes(name)));
});

testNeeded(
  { covers: 'src/instrumentation/http2/client.ts', fault: 'only its fields tell whose a call of grpc-js is' },
  async () => {
    const client = new GrpcClient(`127.0.0.1:${portOf(plain)}`, credentials.createInsecure());
    let headers: unknown;
    const prototype = clientSessionPrototype() as ClientHttp2Session;
    const { request } = prototype;
    const session = await new Promise<ClientHttp2Session>((resolve) => {
      prototype.request = function seen(this: ClientHttp2Session, ...args) {
        headers = args[0];
        resolve(this);
        return request.apply(this, args);
      };
      client.makeUnaryRequest('/a/b', Buffer.from, String, 'hello', () => {});
    });
    prototype.request = request;
    expect(headers).toMatchObject({
      'content-type': 'application/grpc',
      'user-agent': expect.stringMatching(/grpc-node-js/),
    });
    const names = [...propertyNames(session), ...Object.getOwnPropertySymbols(session).map(String)];
    client.close();
    return !names.some((name) => /grpc/i.test(name));
  },
);

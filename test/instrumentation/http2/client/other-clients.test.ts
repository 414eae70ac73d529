import { once } from 'node:events';
import http2, { type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Client } from 'undici';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { GrpcEnforcement } from '../../grpc/enforcement.js';
import { GrpcPeers } from '../../grpc/peers.js';
import { certificate } from '../../http/servers.js';

// Clients that are instrumented themselves, and whose calls become streams of a session: each call is bound once.

const enforcement = new GrpcEnforcement({ server: { grpc: false, http2: false } });

describe('grpc-js', () => {
  const peers = new GrpcPeers();

  test('fails with its own code, and is counted once', async () => {
    const client = await peers.client().ready();
    const { outcome } = withTimeout(500, () => client.call('unary'));
    const { call } = await peers.arrived();
    expect(call.metadata.get('timebudget')).toEqual(['500']);
    advance(500);
    const { error } = await outcome;
    expect(error).toMatchObject({ code: 4, cause: { code: 'DEADLINE_EXCEEDED' } });
    expect(enforcement.counts).toEqual({ 'client exceeded grpc': 1 });
  });

  test('is left alone under client.grpc: false', async () => {
    enforcement.configure({ server: { grpc: false, http2: false }, client: { grpc: false } });
    const client = await peers.client().ready();
    const { outcome } = withTimeout(500, () => client.call('unary'));
    const handling = await peers.arrived();
    expect(handling.call.metadata.get('timebudget')).toEqual([]);
    advance(500);
    handling.answer();
    expect((await outcome).error).toBeUndefined();
    expect(enforcement.counts).toEqual({});
  });
});

describe('undici with allowH2', () => {
  let server: http2.Http2SecureServer;
  let client: Client;
  const arrivals: { stream: ServerHttp2Stream; headers: http2.IncomingHttpHeaders }[] = [];
  const sockets: Socket[] = [];
  beforeEach(async () => {
    arrivals.length = 0;
    server = http2.createSecureServer(certificate());
    server.on('secureConnection', (socket: Socket) => sockets.push(socket));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      arrivals.push({ stream, headers });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new Client(origin, { allowH2: true, connect: { rejectUnauthorized: false } });
  });
  afterEach(async () => {
    await client.destroy();
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  const call = () => client.request({ method: 'GET', path: '/' });
  const arrived = () => within(2_000, 'the call', () => arrivals.length > 0);

  test('fails with the error of undici, and is counted once', async () => {
    const outcome = withTimeout(500, () => call()).catch((error: unknown) => error);
    await arrived();
    expect(arrivals[0]?.headers).toMatchObject({ timebudget: '500' });
    advance(500);
    expect(await outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(enforcement.counts).toEqual({ 'client exceeded undici': 1 });
  });

  test('is left alone under client.undici: false', async () => {
    enforcement.configure({ server: { http2: false }, client: { undici: false } });
    const outcome = withTimeout(500, () => call());
    await arrived();
    expect(arrivals[0]?.headers).not.toHaveProperty('timebudget');
    advance(500);
    arrivals[0]?.stream.respond({ ':status': 200 });
    arrivals[0]?.stream.end('answered');
    expect(await (await outcome).body.text()).toBe('answered');
    expect(enforcement.counts).toEqual({});
  });
});

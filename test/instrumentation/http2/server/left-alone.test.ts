import { once } from 'node:events';
import http2, { type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { context } from '@opentelemetry/api';
import { remainingTime } from '../../../../src/context/context-deadline.js';
import { getScope } from '../../../../src/context/context-scope.js';
import { Enforcement } from '../../../support/enforcement.js';
import { within } from '../../../support/waiting.js';
import { Handlings } from '../../http/handlings.js';
import { Servers } from '../../http/servers.js';
import { HandledStreams } from '../handled-streams.js';
import { Outcome, Sessions } from '../streams.js';

const sessions = new Sessions();
const servers = new Servers();
const enforcement = new Enforcement({ client: { http2: false } });

test.each<[string, OutgoingHttpHeaders]>([
  ['a tunnel (CONNECT)', { ':method': 'CONNECT', ':authority': 'stock.example:443' }],
  ['a WebSocket (RFC 8441)', { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', ':scheme': 'http' }],
])('%s has no scope and is not refused', async (_, headers) => {
  const streams = new HandledStreams(({ stream }) => stream.respond({ ':status': 200 }));
  const { url } = await sessions.serve(streams.handler, { settings: { enableConnectProtocol: true } });
  const session = await sessions.connect(url);
  const outcome = new Outcome(session.request({ ...headers, timebudget: '0' }));
  expect(await outcome.responded()).toMatchObject({ ':status': 200 });
  expect(getScope((await streams.arrived()).context)).toBeUndefined();
  outcome.stream.destroy();
  expect(enforcement.counts).toEqual({});
});

test('a pushed stream is none of ours: the request that it belongs to is served', async () => {
  const streams = new HandledStreams(({ stream }) => {
    stream.pushStream({ ':path': '/pushed' }, (error, pushed) => {
      if (error) throw error;
      pushed.respond({ ':status': 200 });
      pushed.end('pushed');
    });
    stream.respond({ ':status': 200 });
    stream.end('answered');
  });
  const { url } = await sessions.serve(streams.handler);
  const session = await sessions.connect(url);
  const pushed = new Promise<string>((resolve) => session.once('stream', (stream) => resolve(text(stream))));
  const outcome = new Outcome(session.request({ timebudget: '500' }));
  expect(await outcome.body()).toBe('answered');
  expect(await pushed).toBe('pushed');
  expect(streams.all).toHaveLength(1);
  await outcome.close();
  expect(enforcement.counts).toEqual({});
});

test('a request of the compatibility API has one scope, which its own hook makes', async () => {
  const handlings = new Handlings();
  const { url, server } = await servers.serve(handlings.handler, 'http2');
  const scopes: unknown[] = [];
  server.on('stream', () => scopes.push(getScope(context.active())));
  const session = await sessions.connect(url);
  const outcome = new Outcome(session.request({ timebudget: '500' }));
  const { context: seen } = await handlings.arrived();
  expect(remainingTime(seen)).toBe(500);
  expect(scopes).toEqual([undefined]);
  outcome.stream.close();
  await within(2_000, 'the cancel', () => enforcement.counts['server cancelled'] === 1);
});

test('a server over TLS is served as well', async () => {
  const { certificate } = await import('../../http/servers.js');
  const streams = new HandledStreams();
  const server = http2.createSecureServer(certificate());
  const sockets: Socket[] = [];
  server.on('secureConnection', (socket: Socket) => sockets.push(socket));
  server.on('stream', streams.handler);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const session = http2.connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    rejectUnauthorized: false,
  });
  session.on('error', () => {});
  new Outcome(session.request({ timebudget: '500' }));
  expect(remainingTime((await streams.arrived()).context)).toBe(500);
  session.destroy();
  await within(2_000, 'the cancel', () => enforcement.counts['server cancelled'] === 1);
  for (const socket of sockets) socket.destroy();
  server.close();
});

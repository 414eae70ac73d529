import { once } from 'node:events';
import http from 'node:http';
import { context } from '@opentelemetry/api';
import { remainingTime } from '../../src/context/context-deadline.js';
import { Enforcement } from '../support/enforcement.js';
import { advance } from '../support/fake-clock.js';
import { Handlings } from './http/handlings.js';
import { RawClient, Servers } from './http/servers.js';

const servers = new Servers();
const enforcement = new Enforcement({ mode: 'observe' });

// What else the mode does, and does not: in the tests of each server and client.
test('deadlines travel: a signal that the application asks for aborts when the deadline passes', async () => {
  const handlings = new Handlings();
  const { port } = await servers.serve(handlings.handler);
  const client = new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 1000']);
  const { response, signal } = await handlings.arrived();
  advance(1_001);
  expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  response.writeHead(500).end('its own answer');
  expect(await client.received(/its own answer/)).toMatch(/^HTTP\/1.1 500/);
  client.socket.destroy();
});

test('a caller who hangs up ends no call that was made for him, but each is counted', async () => {
  const downstream = new Handlings();
  const handlings = new Handlings();
  const { url } = await servers.serve(downstream.handler);
  const { port } = await servers.serve(handlings.handler);
  const client = new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 1000']);
  const handling = await handlings.arrived();
  const calls = context.with(handling.context, () => [1, 2].map(() => http.get(url, { agent: false })));
  const answers = Promise.all(calls.map((call) => once(call, 'response')));
  await downstream.arrived(1);
  client.socket.destroy();
  await once(handling.response, 'close');
  expect(enforcement.counts).toEqual({ 'server cancelled': 1, 'client cancelled': 2 });
  expect(handling.signal?.aborted).toBe(false);

  const late = context.with(handling.context, () => http.get(url, { agent: false }));
  const { request } = await downstream.arrived(2);
  expect(request.headers.timebudget).toBe('1000');
  expect(enforcement.counts).toEqual({ 'server cancelled': 1, 'client cancelled': 2, 'client rejected': 1 });
  const lateAnswer = once(late, 'response');
  for (const { response } of downstream.all) response.end();
  for (const [response] of [...(await answers), await lateAnswer]) expect(response.statusCode).toBe(200);
  // Until then it is as if he were still there.
  advance(1_000);
  expect(handling.signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  // Nothing reports that its handler is done: it completes by itself.
  advance(30_000);
  expect(remainingTime(handling.context)).toBe(Number.POSITIVE_INFINITY);
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { testNeeded } from './needed.js';

// Faults of the client of node:http, without this package.

let server: http.Server;
let url: string;
beforeAll(async () => {
  server = http.createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const destroyedInQueue = {
  covers: 'src/instrumentation/http/agent-queue.ts',
  fault: 'a request that is destroyed in the queue of its agent fails only when a socket is free',
} as const;

testNeeded(destroyedInQueue, async () => {
  const agent = new http.Agent({ maxSockets: 1 });
  const first = http.get(url, { agent }).on('error', () => {});
  const errors: Error[] = [];
  const second = http.get(url, { agent }).on('error', (error) => errors.push(error));
  const closed = new Promise((resolve) => second.on('close', resolve));
  second.destroy(new Error('aborted'));
  for (let i = 0; i < 5; i++) await turn();
  const failedLate = errors.length === 0;
  first.destroy();
  await closed;
  agent.destroy();
  expect(errors).toHaveLength(1);
  return failedLate;
});

const writtenHead = {
  covers: 'src/instrumentation/http/written-head.ts',
  fault: 'a head that has been written, and not sent, can not be changed',
} as const;

testNeeded(writtenHead, () => {
  const request = http.get(url, { headers: ['x-own', '1'] }).on('error', () => {});
  let fault = false;
  try {
    request.setHeader('x-own', '2');
  } catch {
    fault = true;
  }
  request.destroy();
  return fault;
});

const lateChannel = {
  covers: 'src/instrumentation/http/client.ts',
  fault: 'a socket is opened before a channel is published',
} as const;

testNeeded(lateChannel, async () => {
  const order: string[] = [];
  const published = (_: unknown, name: string | symbol) => order.push(String(name));
  const channels = ['http.client.request.created', 'http.client.request.start'];
  for (const name of channels) subscribe(name, published);
  class NotingAgent extends http.Agent {
    override createConnection() {
      order.push('socket');
      return connect(Number(new URL(url).port), '127.0.0.1');
    }
  }
  const agent = new NotingAgent();
  const request = http.get(url, { agent }).on('error', () => {});
  for (const name of channels) unsubscribe(name, published);
  const closed = new Promise((resolve) => request.on('close', resolve));
  request.destroy();
  await closed;
  agent.destroy();
  expect(order).toContain('socket');
  return order[0] === 'socket';
});

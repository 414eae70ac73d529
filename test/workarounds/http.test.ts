import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { everywhere, testNeeded } from './needed.js';

// Faults of node:http, without this package.

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

testNeeded('http/agent-queue.ts', everywhere, async () => {
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

testNeeded('http/written-head.ts', everywhere, () => {
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

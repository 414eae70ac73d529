import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Pool } from 'undici';
import { everywhere, testNeeded } from './needed.js';

// Faults of the undici from npm, without this package.

testNeeded('undici/pool-queue.ts', everywhere, async () => {
  const server = http.createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
  const created: unknown[] = [];
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
  const onCreate = (message: unknown) => created.push(message);
  subscribe('undici:request:create', onCreate);
  const calls = [1, 2].map((i) => pool.request({ method: 'GET', path: `/${i}` }).catch(() => {}));
  await turn();
  unsubscribe('undici:request:create', onCreate);
  await pool.destroy();
  await Promise.all(calls);
  server.closeAllConnections();
  server.close();
  return created.length === 1;
});

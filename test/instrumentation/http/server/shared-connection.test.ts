import { AsyncResource } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { context as contextApi } from '@opentelemetry/api';
import mysql from 'mysql2';
import { remainingTime } from '../../../../src/context/context-deadline.js';
import { isCallCancelled } from '../../../../src/errors.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { Outcome } from '../calls.js';
import { Handlings } from '../handlings.js';
import { RawClient, Servers } from '../servers.js';

// A connection that the first request opens, and that later requests use. Its callbacks run in the context of the first
// request, whose caller has hung up.

const LINGER = 30_000;
const servers = new Servers();
new Enforcement();

interface Connection {
  /** Runs `callback` when the other side has answered, in whichever context the driver runs its callbacks. */
  ask(callback: () => void): void;
  close(): void;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface MysqlServer extends Pick<net.Server, 'listen'> {
  readonly _server: net.Server;
  on(event: 'connection', listener: (connection: MysqlServerConnection) => void): void;
}

interface MysqlServerConnection {
  readonly stream: net.Socket;
  on(event: 'query' | 'error', listener: () => void): void;
  serverHandshake(greeting: object): void;
  writeColumns(columns: readonly object[]): void;
  writeTextRow(row: readonly string[]): void;
  writeEof(): void;
  /** Of newer versions. */
  _resetSequenceId?(): void;
}

/** A MySQL server that answers each query with one row. */
async function mysqlPort(): Promise<number> {
  // The server of mysql2 has no types.
  const { createServer } = mysql as unknown as { createServer(): MysqlServer };
  const server = createServer();
  server.on('connection', (connection) => {
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.0.0',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff & ~0x800,
    });
    connection.on('query', () => {
      const column = { catalog: 'def', schema: '', table: '', orgTable: '', name: 'a', orgName: 'a' };
      connection.writeColumns([
        { ...column, characterSet: 63, columnLength: 1, columnType: 8, type: 8, flags: 129, decimals: 0 },
      ]);
      connection.writeTextRow(['1']);
      connection.writeEof();
      connection._resetSequenceId?.();
    });
    connection.on('error', () => {});
    closing.push(() => connection.stream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server._server, 'listening');
  // mysql2 warns of how its own server numbers packets.
  jest.spyOn(console, 'error').mockReturnValue();
  closing.push(() => server._server.close());
  return (server._server.address() as AddressInfo).port;
}

async function echoPort(): Promise<number> {
  const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const drivers: [string, () => Promise<() => Connection>][] = [
  [
    'mysql2',
    async () => {
      const port = await mysqlPort();
      return () => {
        const connection = mysql.createConnection({ host: '127.0.0.1', port, user: 'x', connectTimeout: 0 });
        connection.on('error', () => {});
        return { ask: (callback) => void connection.query('SELECT 1', callback), close: () => connection.destroy() };
      };
    },
  ],
  [
    'a socket',
    async () => {
      const port = await echoPort();
      return () => {
        const callbacks: (() => void)[] = [];
        const socket = net.connect(port, '127.0.0.1').on('data', () => callbacks.shift()?.());
        return {
          ask(callback) {
            callbacks.push(callback);
            socket.write('?');
          },
          close: () => socket.destroy(),
        };
      };
    },
  ],
  [
    'an emitter that is bound to whoever made it',
    async () => () => {
      const resource = new AsyncResource('connection');
      return { ask: (callback) => setImmediate(() => resource.runInAsyncScope(callback)), close: () => {} };
    },
  ],
];

test.each(drivers)('%s: the calls in its callbacks are not refused for ever', async (_, prepare) => {
  const open = await prepare();
  const backend = await servers.serve((_, response) => void response.end('pong'));
  let connection: Connection | undefined;
  const handlings = new Handlings(() => {
    connection ??= open();
  });
  const client = new RawClient((await servers.serve(handlings.handler)).port);
  client.send(['GET / HTTP/1.1', 'timebudget: 60000']);
  const { context } = await handlings.arrived();
  client.socket.destroy();
  await within(2_000, 'the first request to end', () => remainingTime(context) === 0);

  /** The errors of a call that a callback of the connection makes, and whether it ran in the first request. */
  async function call(): Promise<{ errors: Error[]; isOfFirst: boolean }> {
    const { outcome, isOfFirst } = await new Promise<{ outcome: Outcome; isOfFirst: boolean }>((resolve) => {
      connection?.ask(() => {
        const outcome = new Outcome(http.get(backend.url, { agent: false }));
        resolve({ outcome, isOfFirst: contextApi.active() === context });
      });
    });
    await outcome.close();
    return { errors: outcome.errors, isOfFirst };
  }

  const soon = await call();
  expect(soon.errors.every(isCallCancelled)).toBe(true);
  expect(soon.errors).toHaveLength(soon.isOfFirst ? 1 : 0);
  advance(LINGER);
  expect(await call()).toMatchObject({ errors: [] });
  connection?.close();
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import { builtinModules } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dispatchers, meetGlobalDispatcher } from '../../src/instrumentation/undici/loaded-classes.js';
import { testNeeded, testReached } from './needed.js';

// Faults of the undici in Node, without this package, and its private parts.

interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}

/** A test runner's own global object has nothing of undici. */
const nodesGlobal: Record<symbol, Dispatcher | undefined> = fetch.constructor('return globalThis')();

/** The keys under which Node has its global dispatcher. Node loads its undici during the first call of `fetch`. */
async function keysOfDispatcher(): Promise<symbol[]> {
  await fetch('data:,');
  return Object.getOwnPropertySymbols(nodesGlobal).filter((key) => nodesGlobal[key]?.dispatch !== undefined);
}

const loaded = { covers: 'src/instrumentation/undici/loaded-classes.ts' } as const;

testNeeded({ ...loaded, fault: 'the undici in Node can not be imported' }, () => {
  return !builtinModules.some((name) => name.replace('node:', '') === 'undici');
});

testReached({ ...loaded, fault: 'the global dispatcher, under each of its keys' }, async () => {
  const keys = await keysOfDispatcher();
  expect(keys).not.toHaveLength(0);
  const found: unknown[] = [];
  const undo = dispatchers.patch((prototype) => {
    found.push(Reflect.get(prototype, 'dispatch'));
    return () => {};
  });
  for (const key of keys) {
    const dispatch = () => true;
    const ownGlobal = globalThis as unknown as Record<symbol, unknown>;
    ownGlobal[key] = Object.create({ dispatch });
    meetGlobalDispatcher();
    delete ownGlobal[key];
    expect(found).toContain(dispatch);
  }
  undo();
});

const upgrade = {
  covers: 'src/instrumentation/undici/call.ts',
  fault: 'no channel is published for an upgrade',
  neededOn: { 20: true, 22: true, 24: true, 26: false },
} as const;

testNeeded(upgrade, async () => {
  const server = http.createServer();
  server.on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: test\r\n\r\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const [key] = await keysOfDispatcher();
  let published = false;
  const onHeaders = () => {
    published = true;
  };
  subscribe('undici:request:headers', onHeaders);
  await new Promise<void>((resolve, reject) => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ignore = () => {};
    nodesGlobal[key as symbol]?.dispatch(
      { origin, path: '/', method: 'GET', upgrade: 'test' },
      {
        onConnect: ignore,
        onUpgrade: () => resolve(),
        onHeaders: ignore,
        onData: ignore,
        onComplete: ignore,
        onError: reject,
        onRequestStart: ignore,
        onRequestUpgrade: () => resolve(),
        onResponseStart: ignore,
        onResponseData: ignore,
        onResponseEnd: ignore,
        onResponseError: (_: unknown, error: Error) => reject(error),
      },
    );
  });
  unsubscribe('undici:request:headers', onHeaders);
  server.close();
  return !published;
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import * as undici from 'undici';
import { Client, type Dispatcher, Pool } from 'undici';
import { internal, isSentNext } from '../../src/instrumentation/undici/internals.js';
import { dispatchers, undiciModule } from '../../src/instrumentation/undici/loaded-classes.js';
import { testNeeded, testReached } from './needed.js';
import { propertyNames } from './property-names.js';

// Faults of the undici from npm, without this package, and its private parts.

let answer: RequestListener;
let server: http.Server;
let origin: string;
beforeEach(async () => {
  answer = (_, response) => void response.end();
  server = http.createServer((request, response) => answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
const opened: (Client | Pool)[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.destroy()));
  server.closeAllConnections();
  server.close();
});

const open = <T extends Client | Pool>(made: T): T => {
  opened.push(made);
  return made;
};

interface CoreRequest {
  readonly headers: string[];
  readonly path: string;
}

/** What undici publishes on a channel until `stop` is called. */
function listenTo(name: string): { requests: CoreRequest[]; stop(): void } {
  const requests: CoreRequest[] = [];
  const listener = (message: unknown) => void requests.push((message as { request: CoreRequest }).request);
  subscribe(name, listener);
  return { requests, stop: () => unsubscribe(name, listener) };
}

async function call(through: Client | Pool, path: string, headers = {}): Promise<void> {
  const { body } = await through.request({ method: 'GET', path, headers });
  await body.dump();
}

const queued = {
  covers: 'src/instrumentation/undici/pool-queue.ts',
  fault: 'a call in the queue of a pool has no request',
} as const;

testNeeded(queued, async () => {
  answer = () => {};
  const pool = open(new Pool(origin, { connections: 1 }));
  const created = listenTo('undici:request:create');
  const calls = ['/1', '/2'].map((path) => call(pool, path).catch(() => {}));
  await turn();
  created.stop();
  await pool.destroy();
  await Promise.all(calls);
  return created.requests.length === 1;
});

const retried = {
  covers: 'src/instrumentation/undici/dispatch.ts',
  fault: 'a retry is dispatched in the context of the call that opened the connection',
} as const;

testNeeded(retried, async () => {
  let attempts = 0;
  answer = ({ url }, response) => {
    if (url === '/2') attempts++;
    response.statusCode = url === '/2' && attempts === 1 ? 503 : 200;
    response.end();
  };
  const retry = undici.interceptors.retry({ minTimeout: 1, timeoutFactor: 1 });
  const client = open(new Client(origin)).compose(retry) as Client;
  const callers = new AsyncLocalStorage<string>();
  const dispatchedBy: (string | undefined)[] = [];
  const onCreate = () => void dispatchedBy.push(callers.getStore());
  subscribe('undici:request:create', onCreate);
  for (const path of ['/1', '/2']) await callers.run(path, () => call(client, path));
  unsubscribe('undici:request:create', onCreate);
  expect(dispatchedBy).toHaveLength(3);
  return dispatchedBy[2] !== '/2';
});

const lateHeaders = {
  covers: 'src/instrumentation/undici/stamp.ts',
  fault: 'the array of headers is read when the request is written',
} as const;

testReached(lateHeaders, async () => {
  const received: unknown[] = [];
  let arrived = () => {};
  let answerFirst = () => {};
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  answer = ({ url, headers }, response) => {
    received.push(headers['x-own']);
    if (url === '/2') response.end();
    else {
      answerFirst = () => void response.end();
      arrived();
    }
  };
  const client = open(new Client(origin));
  const created = listenTo('undici:request:create');
  const calls = ['/1', '/2'].map((path) => call(client, path, { 'x-own': 'as it was created' }));
  await first;
  created.stop();
  const { headers } = created.requests[1] as CoreRequest;
  const get = jest.fn(() => 'as it is written');
  Object.defineProperty(headers, headers.indexOf('x-own') + 1, { get });
  expect(get).not.toHaveBeenCalled();
  answerFirst();
  await Promise.all(calls);
  expect(received).toEqual(['as it was created', 'as it is written']);
});

const internals = { covers: 'src/instrumentation/undici/internals.ts' } as const;

testNeeded({ ...internals, fault: 'the handler, the url and the queue have no public name' }, async () => {
  const created = listenTo('undici:request:create');
  const pool = open(new Pool(origin));
  const client = open(new Client(origin));
  await call(client, '/');
  created.stop();
  const names = [created.requests[0] as object, client, pool].flatMap(propertyNames);
  return !['handler', 'url', 'queue'].some((name) => names.includes(name));
});

testReached({ ...internals, fault: 'the handler of a request, the url of a client, the queue of a pool' }, async () => {
  const created = listenTo('undici:request:create');
  const pool = open(new Pool(origin));
  const client = open(new Client(origin));
  await call(client, '/');
  created.stop();
  expect(typeof internal(created.requests[0] as object, 'handler')).toBe('object');
  expect(String(internal(client, 'url'))).toBe(`${origin}/`);
  expect(internal(pool, 'queue')).toHaveProperty('head.list');
});

testReached({ ...internals, fault: 'whether a request is sent next' }, async () => {
  const client = open(new Client(origin));
  await call(client, '/1');
  expect(isSentNext(client)).toBe(false);
  const second = call(client, '/2');
  expect(isSentNext(client)).toBe(true);
  const third = call(client, '/3');
  expect(isSentNext(client)).toBe(false);
  await Promise.all([second, third]);
});

const base = { covers: 'src/instrumentation/undici/loaded-classes.ts' } as const;

const ownerOfDispatch = (dispatcher: Dispatcher): unknown => {
  let owner = Object.getPrototypeOf(dispatcher);
  while (!Object.hasOwn(owner, 'dispatch')) owner = Object.getPrototypeOf(owner);
  return owner;
};

testNeeded({ ...base, fault: 'the index does not export the base class of all dispatchers' }, () => {
  const exported: unknown[] = Object.values(undici);
  const prototypes = exported.map((each) => (typeof each === 'function' ? each.prototype : undefined));
  return !prototypes.includes(ownerOfDispatch(open(new Client(origin))));
});

testReached({ ...base, fault: 'the base class of all dispatchers' }, () => {
  for (const { name, patch } of undiciModule().files) patch(require(name), undefined);
  const found: object[] = [];
  dispatchers.patch((prototype) => {
    found.push(prototype);
    return () => {};
  })();
  expect(found).toContain(ownerOfDispatch(open(new Client(origin))));
});

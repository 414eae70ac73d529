import { EventEmitter, once } from 'node:events';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { type Context, context as contextApi } from '@opentelemetry/api';
import { abortSignal, remainingTime } from '../../../../src/context/context-deadline.js';
import type { Method } from '../../../../src/instrumentation/hooks/patch-method.js';
import { http2ServerPrototypes } from '../../../../src/instrumentation/http/server.js';
import { Enforcement } from '../../../support/enforcement.js';
import { within } from '../../../support/waiting.js';
import { type Protocol, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();

/** What others put around `emit`. `emit` passes the event on, as the original does. */
type Around = (
  this: Server,
  request: IncomingMessage,
  response: ServerResponse,
  emit: (request: IncomingMessage, response: ServerResponse) => boolean,
) => unknown;

/** Whether the wrapper is put around `emit` before ours is, or around ours. */
type Order = 'before us' | 'after us';

/** Runs `test` while `around` is around the `emit` of a kind of server. */
async function wrapped(protocol: Protocol, order: Order, around: Around, test: () => Promise<void>): Promise<void> {
  const prototype = prototypeOf(protocol);
  const { instrumentation } = enforcement;
  if (order === 'before us') instrumentation.disable();
  const own = Object.hasOwn(prototype, 'emit');
  const original = prototype.emit;
  prototype.emit = function emit(this: Server, name: string, ...args: unknown[]) {
    const pass = (...passed: unknown[]) => original.call(this, name, ...passed);
    if (name !== 'request') return pass(...args);
    return around.call(this, args[0] as IncomingMessage, args[1] as ServerResponse, pass);
  };
  if (order === 'before us') instrumentation.enable();
  try {
    await test();
  } finally {
    if (order === 'before us') instrumentation.disable();
    if (own) prototype.emit = original;
    else Reflect.deleteProperty(prototype, 'emit');
    if (order === 'before us') instrumentation.enable();
  }
}

function prototypeOf(protocol: Protocol): { emit: Method } {
  const prototypes = { http: http.Server.prototype, https: https.Server.prototype, http2: http2ServerPrototypes()[0] };
  return prototypes[protocol] as unknown as { emit: Method };
}

/** Sends a request. Returns the body of the answer. */
async function call(protocol: Protocol, url: string, path = '/', timebudget = '60000'): Promise<string> {
  const headers = { timebudget };
  if (protocol === 'http2') {
    const session = http2.connect(url);
    const body = await text(session.request({ ...headers, ':path': path }));
    session.close();
    return body;
  }
  const client = protocol === 'https' ? https : http;
  const request = client.get(url + path, { headers, agent: false, rejectUnauthorized: false } as http.RequestOptions);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
}

function replaceHeaders(request: IncomingMessage, headers: Record<string, string>): void {
  const value = { ...request.headers, ...headers };
  Object.defineProperty(request, 'headers', { value, configurable: true, writable: true });
}

/** An object that is `target` to all who use it, and is another one. */
const proxied = <T extends object>(target: T): T =>
  new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (_, name, value) => Reflect.set(target, name, value),
  });

const shapes: [string, Around, budget?: number][] = [
  ['passes everything on', (request, response, emit) => emit(request, response)],
  [
    'replaces the headers',
    (request, response, emit) => {
      replaceHeaders(request, { 'x-added': 'yes' });
      return emit(request, response);
    },
  ],
  [
    'replaces the headers, with a shorter budget in them',
    (request, response, emit) => {
      replaceHeaders(request, { timebudget: '500' });
      return emit(request, response);
    },
    500,
  ],
  [
    'uses its server as one',
    function (request, response, emit) {
      this.once('close', () => {});
      this.setTimeout(0);
      if (this.address() === null || !this.listening) throw new Error('this is no server');
      return this.listenerCount('request') > 0 && emit(request, response);
    },
  ],
  [
    'closes its server',
    function (request, response, emit) {
      this.close();
      return emit(request, response);
    },
  ],
  [
    'listens to requests itself, from the first one on',
    function (request, response, emit) {
      if (this.listenerCount('request') < 2) this.on('request', () => {});
      return emit(request, response);
    },
  ],
  ['passes on a request that inherits', (request, response, emit) => emit(Object.create(request), response)],
  ['passes on a request behind a proxy', (request, response, emit) => emit(proxied(request), response)],
  ['passes on a response behind a proxy', (request, response, emit) => emit(request, proxied(response))],
  ['passes on both behind proxies', (request, response, emit) => emit(proxied(request), proxied(response))],
  [
    'passes on a request with headers of its own',
    (request, response, emit) => emit(Object.create(request, { headers: { value: { ...request.headers } } }), response),
  ],
  ['returns nothing', (request, response, emit) => void emit(request, response)],
  ['passes the event on later', (request, response, emit) => void setImmediate(emit, request, response)],
  [
    'passes the event on after a promise',
    async (request, response, emit) => {
      await null;
      return emit(request, response);
    },
  ],
];

const protocols: Protocol[] = ['http', 'https', 'http2'];
const orders: Order[] = ['before us', 'after us'];
const combinations = protocols.flatMap((protocol) => orders.map((order) => [protocol, order] as const));

describe.each(combinations)('%s: emit was wrapped %s, and the wrapper', (protocol, order) => {
  test.each(shapes)('%s', async (_, around, budget = 60_000) => {
    const seen: unknown[] = [];
    const contexts: Context[] = [];
    const handler = function (this: unknown, request: IncomingMessage, response: ServerResponse) {
      seen.push(this, remainingTime(), abortSignal()?.aborted);
      contexts.push(contextApi.active());
      request.resume();
      response.end('done');
    };
    const { server, url } = await servers.serve(handler, protocol);
    await wrapped(protocol, order, around, async () => {
      expect(await call(protocol, url)).toBe('done');
      if (server.listening) expect(await call(protocol, url)).toBe('done');
    });
    const completed = () => contexts.every((each) => remainingTime(each) === Number.POSITIVE_INFINITY);
    await within(2_000, 'the scope to complete', completed);
    const one = [server, budget, false];
    expect(seen).toEqual(contexts.length === 1 ? one : [...one, ...one]);
    expect(server.listeners('request')).toContain(handler);
    expect(enforcement.counts).toEqual({});
  });
});

describe.each(combinations)('%s: emit was wrapped %s, and the wrapper', (protocol, order) => {
  test('answers some requests itself', async () => {
    const urls: unknown[] = [];
    const handler = ({ url: path }: IncomingMessage, response: ServerResponse) => {
      urls.push(path, remainingTime());
      response.end('the application');
    };
    const { server, url } = await servers.serve(handler, protocol);
    const around: Around = (request, response, emit) =>
      request.url === '/health' ? void response.end('the wrapper') : emit(request, response);
    await wrapped(protocol, order, around, async () => {
      expect(await call(protocol, url, '/health')).toBe('the wrapper');
      expect(await call(protocol, url, '/')).toBe('the application');
      expect(await call(protocol, url, '/health')).toBe('the wrapper');
    });
    expect(urls).toEqual(['/', 60_000]);
    expect(server.listeners('request')).toEqual([handler]);
  });

  test('emits another request inside of the first one', async () => {
    const seen: unknown[] = [];
    const handler = ({ url: path }: IncomingMessage, response: ServerResponse) => {
      seen.push(path, remainingTime());
      response.end('done');
    };
    const { server, url } = await servers.serve(handler, protocol);
    const around: Around = function (request, response, emit) {
      if (request.url === '/outer') this.emit('request', byHand('/inner', { timebudget: '100' }), new Answer());
      return emit(request, response);
    };
    await wrapped(protocol, order, around, async () => {
      expect(await call(protocol, url, '/outer')).toBe('done');
      expect(await call(protocol, url, '/next')).toBe('done');
    });
    expect(seen).toEqual(['/inner', 100, '/outer', 60_000, '/next', 60_000]);
    expect(server.listeners('request')).toEqual([handler]);
  });

  test('passes several requests on later, in another order', async () => {
    const seen: unknown[] = [];
    const handler = ({ url: path }: IncomingMessage, response: ServerResponse) => {
      seen.push(path, remainingTime());
      response.end('done');
    };
    const { server, url } = await servers.serve(handler, protocol);
    const passOn: (() => void)[] = [];
    const around: Around = (request, response, emit) => void passOn.push(() => emit(Object.create(request), response));
    await wrapped(protocol, order, around, async () => {
      const first = call(protocol, url, '/first', '100');
      await within(2_000, 'the first request', () => passOn.length === 1);
      const second = call(protocol, url, '/second');
      await within(2_000, 'the second request', () => passOn.length === 2);
      expect(server.listeners('request')).toEqual([handler]);
      for (const each of passOn.reverse()) each();
      expect(await Promise.all([first, second])).toEqual(['done', 'done']);
    });
    expect(seen).toEqual(['/second', 60_000, '/first', 100]);
    expect(server.rawListeners('request')).toEqual([handler]);
  });

  test('adds a listener, removes one, and everybody else is called once', async () => {
    const calls: string[] = [];
    const removed = () => void calls.push('removed');
    const added = () => void calls.push('added');
    const { server, url } = await servers.serve((_, response) => {
      calls.push('handler');
      response.end('done');
    }, protocol);
    server.on('request', removed);
    const around: Around = function (request, response, emit) {
      if (!this.listeners('request').includes(added)) this.on('request', added);
      return emit(request, response);
    };
    await wrapped(protocol, order, around, async () => {
      await call(protocol, url);
      server.off('request', removed);
      await call(protocol, url);
    });
    expect(calls).toEqual(['handler', 'removed', 'added', 'handler', 'added']);
  });

  test('throws: the listeners are as before', async () => {
    const handler = (_: IncomingMessage, response: ServerResponse) => void response.end('done');
    const { server, url } = await servers.serve(handler, protocol);
    const around: Around = (request, response, emit) => {
      if (request.url === '/throw') throw new Error('of the wrapper');
      return emit(request, response);
    };
    await wrapped(protocol, order, around, async () => {
      expect(() => server.emit('request', byHand('/throw', {}), new Answer())).toThrow('of the wrapper');
      expect(await call(protocol, url)).toBe('done');
    });
    expect(server.rawListeners('request')).toEqual([handler]);
  });
});

describe.each(protocols)('%s: a request that is emitted by hand', (protocol) => {
  const emissions: [string, unknown[]][] = [
    ['with nothing', []],
    ['with a text', ['request']],
    ['with null', [null, null]],
    ['with no response', [byHand('/', {})]],
    ['with empty objects', [{}, {}]],
    ['with a plain response', [byHand('/', { timebudget: '100' }), {}]],
    ['with headers that are a text', [{ headers: 'text' }, new EventEmitter()]],
    ['with headers that are a number', [{ headers: 7 }, new EventEmitter()]],
    ['with no headers', [{ headers: null }, new EventEmitter()]],
    ['with frozen headers', [byHand('/', Object.freeze({ timebudget: '100' })), new EventEmitter()]],
    ['with frozen objects', [Object.freeze(byHand('/', {})), Object.freeze({ on() {} })]],
    ['with headers that throw', [{ get headers() { throw new Error('no headers'); } }, new EventEmitter()]], // biome-ignore format: a table
    ['with a response that throws', [byHand('/', {}), { get on() { throw new Error('no on'); } }]], // biome-ignore format: a table
    ['with a revoked proxy', [revoked(), revoked()]],
    ['with an exhausted budget and a plain response', [byHand('/', { timebudget: '0' }), {}]],
    ['with an emitter', [byHand('/', { timebudget: '100' }), new EventEmitter()]],
  ];

  test.each(emissions)('%s', async (_, args) => {
    const { server } = await servers.serve(() => {}, protocol);
    const seen: unknown[][] = [];
    server.removeAllListeners('request');
    server.on('request', function (this: unknown, ...all: unknown[]) {
      seen.push([this, ...all]);
    });
    expect(server.emit('request', ...args)).toBe(true);
    expect(seen).toHaveLength(1);
    const [[target, ...passed] = []] = seen;
    expect(target).toBe(server);
    // Compared one by one: a revoked proxy cannot be printed.
    expect(passed.length).toBe(args.length);
    expect(passed.every((each, index) => each === args[index])).toBe(true);
  });
});

/** The answer to a request that nobody has sent. */
class Answer extends EventEmitter {
  end(): void {
    this.emit('close');
  }
}

/** A request that nobody has sent. */
function byHand(url: string, headers: object): object {
  return { url, headers };
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

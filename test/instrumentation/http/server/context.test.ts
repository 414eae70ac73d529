import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { type Context, context, propagation, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { CompositePropagator, suppressTracing, W3CTraceContextPropagator } from '@opentelemetry/core';
import { abortSignal, remainingTime } from '../../../../src/context/context-deadline.js';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { DeadlinePropagator } from '../../../../src/propagation/deadline-propagator.js';
import { connectTimeoutMs } from '../../../../src/wire/formats/connect-timeout-ms.js';
import { Enforcement } from '../../../support/enforcement.js';
import { within } from '../../../support/waiting.js';
import { jsonApp } from '../fixtures/json-app.cjs';
import { Handlings } from '../handlings.js';
import { RawClient, Servers } from '../servers.js';

// Nobody else extracts here. Where somebody does: http-server-orders.test.ts.
const servers = new Servers();
const enforcement = new Enforcement();
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const trace1 = `traceparent: 00-${traceId}-00f067aa0ba902b7-01`;
const baggage = 'baggage: user=u-17';
const budget = 'timebudget: 60000';

/** What code sees that runs somewhere in a request. */
interface Sight {
  readonly traceId: string | undefined;
  readonly user: string | undefined;
  readonly remaining: number;
  readonly signal: AbortSignal | undefined;
}

function look(at: Context = context.active()): Sight {
  return {
    traceId: trace.getSpanContext(at)?.traceId,
    user: propagation.getBaggage(at)?.getEntry('user')?.value,
    remaining: remainingTime(at),
    signal: abortSignal(at),
  };
}

const headers: [string, string[], Partial<Sight>][] = [
  ['trace, baggage and budget', [trace1, baggage, budget], { traceId, user: 'u-17', remaining: 60_000 }],
  ['a trace alone', [trace1], { traceId, user: undefined, remaining: Number.POSITIVE_INFINITY }],
  ['nothing', [], { traceId: undefined, user: undefined, remaining: Number.POSITIVE_INFINITY }],
];

test('another copy of this package has extracted: its deadline binds, and the connection does', async () => {
  let copy: typeof import('../../../../src/propagation/create-propagator.js') | undefined;
  jest.isolateModules(() => {
    copy = require('../../../../src/propagation/create-propagator.js');
  });
  propagation.disable();
  propagation.setGlobalPropagator((copy as NonNullable<typeof copy>).createPropagator());
  const handlings = new Handlings();
  const { port } = await servers.serve(handlings.handler);
  const client = new RawClient(port).send(['GET / HTTP/1.1', budget]);
  const { context: handled, signal } = await handlings.arrived();
  expect(remainingTime(handled)).toBe(60_000);
  client.socket.destroy();
  await within(2_000, 'the abort', () => signal?.aborted === true);
});

describe.each(headers)('a request that brings %s', (_, brought, expected) => {
  /** What the listeners of one request see, by name. */
  async function sights(listen: (sights: Map<string, Sight>) => RequestListener): Promise<Map<string, Sight>> {
    const seen = new Map<string, Sight>();
    const { port } = await servers.serve(listen(seen));
    const client = new RawClient(port);
    client.send(['POST / HTTP/1.1', 'content-type: application/json', 'content-length: 2', ...brought], '{}');
    await client.received(/done/);
    client.socket.destroy();
    await within(2_000, "'close'", () => seen.has("response 'close'"));
    return seen;
  }

  test('is handled, its listeners included, in one context', async () => {
    const seen = await sights((sights) => (request, response) => {
      sights.set('handler', look());
      request.on('data', () => sights.set("request 'data'", look()));
      response.once('finish', () => sights.set("response 'finish'", look()));
      response.on('close', () => sights.set("response 'close'", look()));
      request.on('end', () => {
        sights.set("request 'end'", look());
        response.end('done');
      });
    });
    const { signal } = seen.get('handler') as Sight;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(Object.fromEntries(seen)).toEqual({
      handler: { ...expected, signal },
      "request 'data'": { ...expected, signal },
      "request 'end'": { ...expected, signal },
      "response 'finish'": { ...expected, signal },
      // Completed by then.
      "response 'close'": { ...expected, remaining: Number.POSITIVE_INFINITY, signal: undefined },
    });
  });

  test('reaches a handler behind express.json() in that context', async () => {
    const seen = await sights((sights) => {
      const behind = (response: ServerResponse) => {
        sights.set('behind', look());
        response.on('close', () => sights.set("response 'close'", look()));
      };
      return jsonApp(() => sights.set('before', look()), behind);
    });
    const { signal } = seen.get('before') as Sight;
    expect(seen.get('before')).toEqual({ ...expected, signal });
    expect(seen.get('behind')).toEqual({ ...expected, signal });
    expect(signal).toBeInstanceOf(AbortSignal);
  });

  test('has the same scope for code that extracts from its headers itself', async () => {
    const handlings = new Handlings();
    new RawClient((await servers.serve(handlings.handler)).port).send(['GET / HTTP/1.1', ...brought]);
    const { request, signal } = await handlings.arrived();
    expect(look(propagation.extract(ROOT_CONTEXT, request.headers))).toEqual({ ...expected, signal });
  });

  test('is handled in that context over HTTP/2', async () => {
    const handlings = new Handlings((_, response) => void response.end());
    const { url } = await servers.serve(handlings.handler, 'http2');
    const session = http2.connect(url);
    session.request(Object.fromEntries(brought.map((line) => line.split(': ') as [string, string]))).resume();
    const handling = await handlings.arrived();
    expect(look(handling.context)).toMatchObject({ traceId: expected.traceId, user: expected.user });
    expect(handling.signal).toBeInstanceOf(AbortSignal);
    session.destroy();
  });
});

test('listeners that hear of a hang-up run in that context too', async () => {
  const seen: Sight[] = [];
  const handlings = new Handlings((request, response) => {
    for (const each of [request, response]) each.on('close', () => seen.push(look()));
    abortSignal()?.addEventListener('abort', () => seen.push(look()));
  });
  const client = new RawClient((await servers.serve(handlings.handler)).port);
  client.send(['POST / HTTP/1.1', 'content-length: 9', trace1, baggage, budget]);
  const { signal } = await handlings.arrived();
  client.socket.destroy();
  await within(2_000, "'close' of both, and 'abort'", () => seen.length === 3);
  const sight = expect.objectContaining({ traceId, user: 'u-17', signal });
  expect(seen).toEqual([sight, sight, sight]);
});

test('the default budget holds in the listeners as well', async () => {
  enforcement.configure({ server: { defaultBudget: 500 } });
  const remaining: number[] = [];
  const { port } = await servers.serve((request, response) => {
    request.on('data', () => remaining.push(remainingTime()));
    request.on('end', () => response.end('done'));
  });
  const client = new RawClient(port).send(['POST / HTTP/1.1', 'content-length: 4'], 'body');
  await client.received(/done/);
  expect(remaining).toEqual([500]);
});

test('a server that was started inside of a span and a scope is none of theirs', async () => {
  const handlings = new Handlings();
  const start: Span = trace.wrapSpanContext({ traceId: 'f'.repeat(32), spanId: 'f'.repeat(16), traceFlags: 1 });
  const active = propagation.extract(trace.setSpan(ROOT_CONTEXT, start), { timebudget: '5' });
  const { port } = await context.with(active, () => servers.serve(handlings.handler));
  new RawClient(port).send(['GET / HTTP/1.1', trace1]);
  const first = await handlings.arrived(0);
  expect(look(first.context)).toMatchObject({ traceId, remaining: Number.POSITIVE_INFINITY });
  new RawClient(port).send(['GET / HTTP/1.1']);
  const second = await handlings.arrived(1);
  expect(look(second.context)).toMatchObject({ traceId: undefined, remaining: Number.POSITIVE_INFINITY });
});

/** Does around `emit` what other instrumentations do, outside of ours. */
function wrapRequests(server: Server, around: (request: IncomingMessage, emit: () => boolean) => boolean): void {
  const emit = server.emit.bind(server) as (event: string, ...args: unknown[]) => boolean;
  server.emit = (event: string, ...args: unknown[]) => {
    const original = () => emit(event, ...args);
    return event === 'request' ? around(args[0] as IncomingMessage, original) : original();
  };
}

test('where another wrapper has set a context, its values stay, and the headers are extracted over it', async () => {
  const key = Symbol('tenant');
  const handlings = new Handlings();
  const { server, port } = await servers.serve(handlings.handler);
  wrapRequests(server, (_, emit) => context.with(context.active().setValue(key, 'acme'), emit));
  new RawClient(port).send(['GET / HTTP/1.1', trace1, baggage, budget]);
  const handling = await handlings.arrived();
  expect(look(handling.context)).toMatchObject({ traceId, user: 'u-17', remaining: 60_000 });
  expect(handling.context.getValue(key)).toBe('acme');
});

test('where another wrapper has begun a span, it stays the active one, whatever the propagator', async () => {
  propagation.disable();
  // Ours lost: another set-up has registered its propagator first.
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator()] }));
  const span = trace.wrapSpanContext({ traceId, spanId: 'a'.repeat(16), traceFlags: 1 });
  const handlings = new Handlings();
  const { server, port } = await servers.serve(handlings.handler);
  wrapRequests(server, ({ headers }, emit) => {
    return context.with(trace.setSpan(propagation.extract(ROOT_CONTEXT, headers), span), emit);
  });
  new RawClient(port).send(['GET / HTTP/1.1', trace1]);
  const handling = await handlings.arrived();
  expect(trace.getSpan(handling.context)).toBe(span);
  expect(handling.signal).toBeDefined();
});

test('where another wrapper has extracted from a copy of the headers, the deadline binds all the same', async () => {
  const span = trace.wrapSpanContext({ traceId, spanId: 'a'.repeat(16), traceFlags: 1 });
  const handlings = new Handlings();
  const { server, port } = await servers.serve(handlings.handler);
  wrapRequests(server, ({ headers }, emit) => {
    return context.with(trace.setSpan(propagation.extract(ROOT_CONTEXT, { ...headers }), span), emit);
  });
  new RawClient(port).send(['GET / HTTP/1.1', baggage, budget]);
  const handling = await handlings.arrived();
  expect(trace.getSpan(handling.context)).toBe(span);
  expect(look(handling.context)).toMatchObject({ user: 'u-17', remaining: 60_000 });
});

test('where another wrapper has begun a span, it is the active one when the caller hangs up', async () => {
  const span = trace.wrapSpanContext({ traceId, spanId: 'a'.repeat(16), traceFlags: 1 });
  const handlings = new Handlings();
  const { server, port } = await servers.serve(handlings.handler);
  wrapRequests(server, ({ headers }, emit) => {
    return context.with(trace.setSpan(propagation.extract(ROOT_CONTEXT, headers), span), emit);
  });
  const client = new RawClient(port).send(['GET / HTTP/1.1', trace1]);
  const { signal } = await handlings.arrived();
  let active: Span | undefined;
  signal?.addEventListener('abort', () => {
    active = trace.getActiveSpan();
  });
  client.socket.destroy();
  await within(2_000, 'the abort', () => signal?.aborted === true);
  expect(active).toBe(span);
});

test('a request that another instrumentation was told to ignore is left alone', async () => {
  const handlings = new Handlings();
  const { server, port } = await servers.serve(handlings.handler);
  wrapRequests(server, (_, emit) => context.with(suppressTracing(context.active()), emit));
  new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 0']);
  expect((await handlings.arrived()).signal).toBeUndefined();
});

describe("another look at a request's headers", () => {
  test('gives back no time to work that has less', async () => {
    const seen: number[] = [];
    const { port } = await servers.serve((request, response) => {
      withTimeout(100, (narrowed) => {
        seen.push(remainingTime(propagation.extract(narrowed, request.headers)));
        seen.push(remainingTime(propagation.extract(ROOT_CONTEXT, request.headers)));
      });
      response.end('done');
    });
    await new RawClient(port).send(['GET / HTTP/1.1', budget]).received(/done/);
    expect(seen).toEqual([100, 60_000]);
  });

  test('by a second propagator, with other formats, narrows the budget', async () => {
    const propagators = [new DeadlinePropagator({ extract: [connectTimeoutMs] }), new DeadlinePropagator()];
    propagation.disable();
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
    const seen: number[] = [];
    const { port } = await servers.serve((_, response) => {
      seen.push(remainingTime());
      response.end('done');
    });
    const connect = 'connect-timeout-ms: 500';
    for (const lines of [[budget], [budget, connect], [connect], []]) {
      await new RawClient(port).send(['GET / HTTP/1.1', ...lines]).received(/done/);
    }
    expect(seen).toEqual([60_000, 500, 500, Number.POSITIVE_INFINITY]);
  });
});

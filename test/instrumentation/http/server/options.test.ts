import type { IncomingMessage } from 'node:http';
import { type DiagLogger, DiagLogLevel, diag, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { getDeadline, remainingTime } from '../../../../src/context/context-deadline.js';
import type { DeadlineInstrumentationConfig, ServerOptions } from '../../../../src/instrumentation/options.js';
import { DeadlinePropagator } from '../../../../src/propagation/deadline-propagator.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { OpenScope } from '../calls.js';
import { type Handling, Handlings } from '../handlings.js';
import { type Protocol, RawClient, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `traceparent: 00-${traceId}-00f067aa0ba902b7-01`;

let errors: unknown[][];
beforeEach(() => {
  errors = [];
  const nothing = () => {};
  const error = (...args: unknown[]) => void errors.push(args);
  const logger: DiagLogger = { error, warn: nothing, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
});
afterEach(() => diag.disable());

/** A request that is being handled; its handler never answers. */
async function handled(config: DeadlineInstrumentationConfig, headers: string[]): Promise<Handling & RawHandling> {
  enforcement.configure(config);
  const handlings = new Handlings();
  const client = new RawClient((await servers.serve(handlings.handler)).port);
  client.send(['GET /path HTTP/1.1', ...headers]);
  return { ...(await handlings.arrived()), client };
}

interface RawHandling {
  readonly client: RawClient;
}

const serve = (server: ServerOptions, headers: string[] = []) => handled({ server }, headers);

/** gRPC calls, which these functions get as well, have none. */
const urlOf = (request: object) => (request as IncomingMessage).url;

describe('defaultBudget', () => {
  const byPath = (request: object) => (urlOf(request) === '/path' ? 500 : undefined);

  test.each<[string, NonNullable<ServerOptions['defaultBudget']>]>([
    ['a number', 500],
    ['a function', byPath],
    ['a function with a fraction', () => 500.5],
  ])('as %s is the budget of a request that brings none', async (_, defaultBudget) => {
    const { context } = await serve({ defaultBudget });
    expect(remainingTime(context)).toBeLessThanOrEqual(500.5);
    expect(getDeadline(context)).toMatchObject({ inherited: false });
  });

  test.each([
    ['a smaller one', '100', 100],
    ['a greater one', '5000', 5000],
  ])('leaves to a request %s of its own', async (_, timebudget, most) => {
    const { context } = await serve({ defaultBudget: 500 }, [`timebudget: ${timebudget}`]);
    expect(getDeadline(context)).toMatchObject({ inherited: true, budget: most });
  });

  test('stands in for a budget that is malformed', async () => {
    const { context } = await serve({ defaultBudget: 500 }, ['timebudget: soon']);
    expect(getDeadline(context)).toMatchObject({ inherited: false, budget: 500 });
  });

  test.each([
    ['nothing', () => undefined],
    ['Infinity', () => Number.POSITIVE_INFINITY],
  ])('as a function that answers %s exempts a request', async (_, defaultBudget) => {
    const { context } = await serve({ defaultBudget });
    expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
    expect(errors).toEqual([]);
  });

  test.each<[string, () => number]>([
    [
      'throws',
      () => {
        throw new Error('no config');
      },
    ],
    ['answers NaN', () => Number.NaN],
    ['answers less than 0', () => -1],
    ['answers a string', () => '500' as never],
    ['answers a promise', () => Promise.resolve(500) as never],
  ])('as a function that %s gives none, and says so', async (_, defaultBudget) => {
    const { context } = await serve({ defaultBudget });
    expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
    expect(errors).toEqual([[expect.stringContaining('server.defaultBudget'), expect.anything()]]);
  });

  test('of 0 turns away what brings no budget', async () => {
    enforcement.configure({ server: { defaultBudget: 0 } });
    const handlings = new Handlings();
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    await client.send(['GET / HTTP/1.1']).received(/^HTTP\/1.1 504/);
    expect(handlings.all).toEqual([]);
  });

  test('passes: the signal aborts, and it is counted', async () => {
    const { signal, response } = await serve({ defaultBudget: 20 });
    advance(20);
    expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED', budget: 20, inherited: false });
    response.end();
    await within(2_000, 'it to be counted', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
  });
});

describe('trust', () => {
  const brings = ['timebudget: 500', 'baggage: user=u-17', traceparent];
  const byHost = (trusted: string) => (request: object) => (request as IncomingMessage).headers.host === trusted;

  function expectTrusted({ context }: Handling, trusted: boolean): void {
    expect(remainingTime(context) <= 500).toBe(trusted);
    expect(propagation.getBaggage(context)?.getEntry('user')?.value).toBe(trusted ? 'u-17' : undefined);
    expect(trace.getSpanContext(context)).toMatchObject({ traceId, isRemote: true });
  }

  test.each<[string, ServerOptions['trust'], boolean]>([
    ['by default', undefined, true],
    ['true', true, true],
    ['false', false, false],
    ['a function that answers true', byHost('test'), true],
    ['a function that answers false', byHost('other'), false],
  ])('%s', async (_, trust, trusted) => {
    expectTrusted(await serve(trust === undefined ? {} : { trust }, brings), trusted);
    expect(errors).toEqual([]);
  });

  test.each<[string, () => boolean]>([
    [
      'throws',
      () => {
        throw new Error('no list of hosts');
      },
    ],
    ['answers a promise', (async () => true) as never],
  ])('as a function that %s trusts nobody, and says so', async (_, trust) => {
    expectTrusted(await serve({ trust }, brings), false);
    expect(errors).toEqual([['server.trust: taken as false', expect.anything()]]);
  });

  test('false holds for the baggage of other propagators too', async () => {
    propagation.disable();
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator(), new DeadlinePropagator()];
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
    expectTrusted(await serve({ trust: false }, brings), false);
  });

  test('false gives the default budget also to a request that brings a smaller one, or 0', async () => {
    const { context } = await serve({ trust: false, defaultBudget: 60_000 }, ['timebudget: 0']);
    expect(getDeadline(context)).toMatchObject({ inherited: false, budget: 60_000 });
    expect(remainingTime(context)).toBeGreaterThan(1_000);
  });
});

describe('cancelOnDisconnect', () => {
  const throws = () => {
    throw new Error('no routes');
  };

  test.each<[string, ServerOptions['cancelOnDisconnect'], boolean]>([
    ['true', true, true],
    ['false', false, false],
    ['a function that answers false', (request) => urlOf(request) !== '/path', false],
    ['a function that answers true', (request) => urlOf(request) === '/path', true],
    ['a function that throws', throws, true],
  ])('%s', async (_, cancelOnDisconnect, cancels) => {
    const { client, signal, context, response } = await serve({ cancelOnDisconnect: cancelOnDisconnect as boolean });
    client.socket.destroy();
    await within(2_000, 'the response to close', () => response.closed);
    expect(remainingTime(context)).toBe(cancels ? 0 : Number.POSITIVE_INFINITY);
    expect(signal?.aborted).toBe(cancels);
    expect(enforcement.counts).toEqual(cancels ? { 'server cancelled': 1 } : {});
  });

  test('false leaves the deadline in force until the caller hangs up', async () => {
    const { signal } = await serve({ cancelOnDisconnect: false }, ['timebudget: 20']);
    advance(20);
    expect(signal?.aborted).toBe(true);
  });
});

describe('a request that is left alone', () => {
  test.each<[string, ServerOptions, Protocol]>([
    ['by ignore', { ignore: (request) => urlOf(request) === '/path' }, 'http'],
    ['by server.http: false', { http: false }, 'http'],
  ])('%s has no scope, and is handed on as it came', async (_, server) => {
    const { signal, context, client, response } = await serve({ defaultBudget: 20, ...server }, ['timebudget: 0']);
    expect(signal).toBeUndefined();
    expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
    client.socket.destroy();
    await within(2_000, 'the response to close', () => response.closed);
    expect(enforcement.counts).toEqual({});
  });

  test('by ignore has no deadline for those who extract themselves either; its baggage stays', async () => {
    const { request } = await serve({ ignore: () => true }, ['timebudget: 20', 'baggage: user=u-17']);
    const extracted = propagation.extract(ROOT_CONTEXT, request.headers);
    expect(remainingTime(extracted)).toBe(Number.POSITIVE_INFINITY);
    expect(propagation.getBaggage(extracted)?.getEntry('user')?.value).toBe('u-17');
  });

  test('by ignore has no deadline of a scope in which the server was started either', async () => {
    enforcement.configure({ server: { ignore: () => true } });
    const handlings = new Handlings();
    const scope = new OpenScope(60_000);
    const { port } = await scope.run(() => servers.serve(handlings.handler));
    new RawClient(port).send(['GET /path HTTP/1.1']);
    const { context, signal } = await handlings.arrived();
    expect([remainingTime(context), signal]).toEqual([Number.POSITIVE_INFINITY, undefined]);
    expect(remainingTime(scope.context)).toBe(60_000);
    scope.complete();
  });

  test('by ignore is asked about once', async () => {
    const ignore = jest.fn(() => true);
    await serve({ ignore });
    expect(ignore).toHaveBeenCalledTimes(1);
  });

  test('is none of those that ignore throws for', async () => {
    const ignore = () => {
      throw new Error('no list');
    };
    expect((await serve({ ignore })).signal).toBeDefined();
    expect(errors).toEqual([['server.ignore: taken as false', expect.anything()]]);
  });
});

test('all functions are asked once for a request, with the request', async () => {
  const options = { ignore: jest.fn(() => false), trust: jest.fn(() => true), defaultBudget: jest.fn(() => 60_000) };
  const { request } = await serve(options);
  for (const option of Object.values(options)) expect(option.mock.calls).toEqual([[request]]);
});

describe('observe mode', () => {
  const observe = (headers: string[], server = {}) => handled({ mode: 'observe', server }, headers);

  test('serves what is too late, and counts it as rejected', async () => {
    const { response, client } = await observe(['timebudget: 0']);
    response.end('served');
    await client.received(/^HTTP\/1.1 200.*served/s);
    await within(2_000, 'the response to close', () => response.closed);
    expect(enforcement.counts).toEqual({ 'server rejected': 1 });
  });

  test('counts a caller who hangs up, and cancels nothing', async () => {
    const { signal, client } = await observe([]);
    client.socket.destroy();
    await within(2_000, 'it to be counted', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server cancelled': 1 });
    expect(signal?.aborted).toBe(false);
    advance(30_000);
  });

  test('counts what runs out of time', async () => {
    const { response } = await observe([], { defaultBudget: 20 });
    advance(20);
    response.end();
    await within(2_000, 'it to be counted', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
  });
});

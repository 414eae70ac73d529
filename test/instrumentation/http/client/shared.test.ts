import http, { type RequestOptions } from 'node:http';
import https from 'node:https';
import { context, defaultTextMapSetter, diag, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { getScope } from '../../../../src/context/context-scope.js';
import { detach, withTimeout } from '../../../../src/context/with-scope.js';
import { DEFAULT_SHARED_CALLS } from '../../../../src/instrumentation/index.js';
import { envoyUpstreamTimeout } from '../../../../src/wire/formats/envoy-timeout.js';
import { timebudget } from '../../../../src/wire/formats/timebudget.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { callErrorOf, OpenScope, Outcome } from '../calls.js';
import { RawClient, type Served, Servers } from '../servers.js';

// Calls that the option client.shared names: freed from the request that happens to make them.

const servers = new Servers();
const enforcement = new Enforcement({ server: { http: false } });
const KEYS = '/.well-known/jwks.json';
const BUDGETS = ['timebudget', 'x-envoy-upstream-rq-timeout-ms'];

interface Held extends Served {
  readonly arrivals: NodeJS.Dict<string[]>[];
  /** Answers all that have arrived. */
  respond(): void;
}

/** A server that answers when it is told. */
async function holding(protocol: 'http' | 'https' = 'http'): Promise<Held> {
  const arrivals: NodeJS.Dict<string[]>[] = [];
  const waiting: http.ServerResponse[] = [];
  const served = await servers.serve((request, response) => {
    arrivals.push(request.headersDistinct);
    waiting.push(response);
  }, protocol);
  const respond = () => {
    for (const response of waiting) response.end('answered');
  };
  return { ...served, arrivals, respond };
}

const arrived = (held: Held) => within(2_000, 'the call to arrive', () => held.arrivals.length > 0);

const ends: [string, (scope: OpenScope) => void][] = [
  ['runs out of time', () => advance(500)],
  ['hangs up', (scope) => scope.cancel()],
  ['is answered', (scope) => scope.complete()],
];

describe.each(ends)('a shared call, whose request %s', (_, end) => {
  test.each<['http' | 'https', (url: string) => http.ClientRequest]>([
    ['http', (url) => http.get(url)],
    ['https', (url) => https.get(url, { rejectUnauthorized: false, agent: false })],
  ])('goes on, over %s', async (protocol, get) => {
    const held = await holding(protocol);
    const scope = new OpenScope(500);
    const outcome = scope.run(() => new Outcome(get(held.url + KEYS)));
    await arrived(held);
    end(scope);
    advance(10_000);
    held.respond();
    expect(await outcome.body()).toBe('answered');
    expect(outcome.errors).toEqual([]);
    await outcome.close();
    expect(enforcement.counts).toEqual({});
  });

  test('goes on in the queue of its agent', async () => {
    const held = await holding();
    const agent = new http.Agent({ maxSockets: 1 });
    const first = new Outcome(http.get(held.url, { agent }));
    const scope = new OpenScope(500);
    const second = scope.run(() => new Outcome(http.get(held.url + KEYS, { agent })));
    await arrived(held);
    end(scope);
    held.respond();
    await first.body();
    await within(2_000, 'the second call', () => held.arrivals.length === 2);
    held.respond();
    expect(await second.body()).toBe('answered');
    expect(held.arrivals[1]?.timebudget).toBeUndefined();
    await second.close();
    agent.destroy();
  });
});

test('a shared call is made in a request that has ended', async () => {
  const held = await holding();
  const outcome = withTimeout(0, () => new Outcome(http.get(held.url + KEYS)));
  await arrived(held);
  held.respond();
  expect(await outcome.body()).toBe('answered');
  await outcome.close();
  expect(enforcement.counts).toEqual({});
});

describe('the limit of a shared call', () => {
  test('is 30 s', async () => {
    const held = await holding();
    const scope = new OpenScope(500);
    const outcome = scope.run(() => new Outcome(http.get(held.url + KEYS)));
    await arrived(held);
    advance(29_999);
    expect(outcome.errors).toEqual([]);
    advance(1);
    await outcome.close();
    const { errors } = outcome;
    expect(errors).toEqual([callErrorOf('DEADLINE_EXCEEDED', `GET ${held.url}${KEYS}`, expect.any(Error))]);
    expect(errors[0]).toMatchObject({ budget: 30_000, inherited: false });
    expect(enforcement.counts).toEqual({ 'client exceeded': 1 });
  });

  test('aborts nothing in observe mode', async () => {
    enforcement.configure({ server: { http: false }, mode: 'observe' });
    const held = await holding();
    const outcome = withTimeout(500, () => new Outcome(http.get(held.url + KEYS)));
    await arrived(held);
    advance(60_000);
    held.respond();
    expect(await outcome.body()).toBe('answered');
    await outcome.close();
  });

  test.each<[string, <T>(fn: () => T) => T]>([
    ['outside of a request', (fn) => fn()],
    ['under detach', (fn) => withTimeout(500, () => detach(fn))],
  ])('does not bind a call %s', async (_, run) => {
    const held = await holding();
    const outcome = run(() => new Outcome(http.get(held.url + KEYS)));
    await arrived(held);
    advance(60_000);
    held.respond();
    expect(await outcome.body()).toBe('answered');
    await outcome.close();
  });
});

describe('what a shared call carries', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
  const span = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 });
  const traced = propagation.setBaggage(span, propagation.createBaggage({ user: { value: 'u-17' } }));
  beforeEach(() => enforcement.propagate({ deadline: { inject: [timebudget, envoyUpstreamTimeout] } }));

  /** What arrives of a call that is made with `options`, in a request with 500 ms. */
  async function carried(options: () => RequestOptions): Promise<NodeJS.Dict<string[]>> {
    const held = await holding();
    const call = () => new Outcome(http.get(held.url + KEYS, options()));
    const outcome = context.with(traced, () => withTimeout(500, call));
    await arrived(held);
    held.respond();
    await outcome.body();
    await outcome.close();
    const wanted = ['traceparent', 'baggage', ...BUDGETS];
    return Object.fromEntries(Object.entries(held.arrivals[0] ?? {}).filter(([name]) => wanted.includes(name)));
  }

  const inject = (into: object) => propagation.inject(context.active(), into, defaultTextMapSetter);

  test('is the trace context and the baggage', async () => {
    expect(await carried(() => ({}))).toEqual({ traceparent: [traceparent], baggage: ['user=u-17'] });
  });

  test('is no budget that another instrumentation has injected', async () => {
    const options = () => {
      const headers = {};
      inject(headers);
      return { headers };
    };
    expect(await carried(options)).toEqual({ traceparent: [traceparent], baggage: ['user=u-17'] });
  });

  test('is no budget that another instrumentation has injected into a head that is written at once', async () => {
    const options = () => {
      const headers = { expect: '100-continue' };
      inject(headers);
      return { headers };
    };
    expect(await carried(options)).toEqual({ traceparent: [traceparent], baggage: ['user=u-17'] });
  });

  test('is no old budget, and a limit that the application has set in a format of others', async () => {
    const headers = { TimeBudget: '400', 'x-envoy-upstream-rq-timeout-ms': '150' };
    expect(await carried(() => ({ headers }))).toMatchObject({ 'x-envoy-upstream-rq-timeout-ms': ['150'] });
    expect(await carried(() => ({ headers }))).not.toHaveProperty('timebudget');
  });
});

describe('client.shared', () => {
  async function isFreed(path: string, shared: unknown): Promise<boolean> {
    enforcement.configure({ server: { http: false }, client: { shared: shared as [] } });
    const held = await holding();
    const outcome = withTimeout(500, () => new Outcome(http.get(held.url + path)));
    outcome.request.on('response', (response) => response.resume());
    await arrived(held);
    advance(500);
    held.respond();
    await outcome.close();
    return outcome.errors.length === 0;
  }

  test.each<[string, string, unknown, boolean]>([
    ['by default', KEYS, undefined, true],
    ['by default, another path', '/keys', undefined, false],
    ['patterns replace the default', KEYS, ['*/keys'], false],
    ['patterns', '/keys?x', ['*/keys'], true],
    ['patterns beside the default', KEYS, ['*/keys', ...DEFAULT_SHARED_CALLS], true],
    ['no patterns', KEYS, [], false],
    ['a predicate', '/keys?x', (target: string) => /^GET http:\/\/127\.0\.0\.1:\d+\/keys$/.test(target), true],
    ['a predicate that answers false', KEYS, () => false, false],
  ])('%s', async (_, path, shared, freed) => {
    expect(await isFreed(path, shared)).toBe(freed);
  });

  test('is not asked for calls that nothing binds', async () => {
    const shared = jest.fn(() => true);
    enforcement.configure({ server: { http: false }, client: { shared } });
    const held = await holding();
    const outcomes = [
      new Outcome(http.get(held.url)),
      withTimeout(500, () => detach(() => new Outcome(http.get(held.url)))),
    ];
    await within(2_000, 'both', () => held.arrivals.length === 2);
    held.respond();
    for (const outcome of outcomes) await outcome.body();
    expect(shared).not.toHaveBeenCalled();
  });

  test.each(['off', 'warn', 'inherit'] as const)(
    'a shared call in a lost context (%s) is not reported',
    async (mode) => {
      const warnings = jest.spyOn(diag, 'warn').mockReturnValue();
      enforcement.configure({ lostContexts: mode });
      const held = await holding();
      const outcomes: Outcome[] = [];
      const { port } = await servers.serve(() => {
        context.with(ROOT_CONTEXT, () => outcomes.push(new Outcome(http.get(held.url + KEYS))));
      });
      const caller = new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 500']);
      await arrived(held);
      caller.socket.destroy();
      advance(10_000);
      held.respond();
      expect(await outcomes[0]?.body()).toBe('answered');
      expect(held.arrivals[0]).not.toHaveProperty('timebudget');
      expect(enforcement.counts).not.toHaveProperty('client detached');
      expect(warnings).not.toHaveBeenCalled();
    },
  );

  test('the context in which the call is made stays as it is', async () => {
    const held = await holding();
    const seen = await withTimeout(500, async (inside) => {
      const request = http.get(held.url + KEYS);
      await arrived(held);
      const response = new Promise((resolve) => {
        request.on('response', (response) => resolve([getScope(context.active()), response.resume()][0]));
      });
      held.respond();
      return (await response) === getScope(inside);
    });
    expect(seen).toBe(true);
  });
});

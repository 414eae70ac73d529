import { join } from 'node:path';
import { UndiciApp, type UndiciSetup } from './app.js';
import { Origin } from './origin.js';

// Calls that the option client.shared names: freed from the request that happens to make them.

const TRANSPORTS = ['fetch', 'fetch of a Request', 'undici.fetch', 'undici.request', 'undici.stream'];
const FAST_CLOCK = join(__dirname, 'fixtures', 'fast-clock.cjs');
const config = { client: { shared: ['*/after/*', '*/redirect/*', '*/shared/*'] } };

/** The `dispatch` of an agent from npm is not replaced then: its calls are seen in the context of their request. */
const UNSEEN = { module: 'mjs', loadedBefore: ['fetch', 'undici'] } as const;
const setups: [string, UndiciSetup][] = [
  ['alone', {}],
  ['before instrumentation-undici', { instrumentations: ['deadline', 'undici'] }],
  ['after instrumentation-undici', { instrumentations: ['undici', 'deadline'] }],
  ['in ES modules', { module: 'mjs', instrumentations: ['undici', 'deadline'] }],
  ['after undici was loaded', { loadedBefore: ['undici'], instrumentations: ['undici', 'deadline'] }],
];

const TOO_LATE: [string, UndiciSetup][] = [
  ['before instrumentation-undici', { ...UNSEEN, instrumentations: ['deadline', 'undici'] }],
  ['after instrumentation-undici', { ...UNSEEN, instrumentations: ['undici', 'deadline'] }],
];

describe.each(setups)('%s', (_, setup) => {
  const app = new UndiciApp({ ...setup, config });
  const origin = new Origin();
  beforeEach(() => app.ask('takeEvents'));

  const within = (ms: number) =>
    [
      ['span', 'a handler'],
      ['baggage', 'me'],
      ['timeout', ms],
    ] as const;

  describe.each(TRANSPORTS)('%s: a shared call', (transport) => {
    test('outlives its request, and carries trace context and baggage without a budget', async () => {
      const url = origin.url('/after/150');
      const headers = { timebudget: '70' };
      expect((await app.call({ transport, url, scope: within(50) })).text).toBe('answered');
      expect((await app.call({ transport, url, scope: within(50), headers })).text).toBe('answered');
      for (const { fields } of origin.arrivals) {
        expect(fields.timebudget).toBeUndefined();
        expect(fields.baggage).toEqual(['caller=me']);
        expect(fields.traceparent).toHaveLength(1);
      }
      expect(await app.ask('takeEvents')).toEqual([]);
    });

    test('outlives a hang-up', async () => {
      const url = origin.url('/after/150');
      expect((await app.call({ transport, url, scope: [['cancelAfter', 50]] })).text).toBe('answered');
    });

    test('is made in a request that has ended', async () => {
      const url = origin.url('/after/10');
      expect((await app.call({ transport, url, scope: [['timeout', 0]] })).text).toBe('answered');
      expect(await app.ask('takeEvents')).toEqual([]);
    });
  });

  test.each(TRANSPORTS)('%s: another call ends with its request', async (transport) => {
    const { error } = await app.call({ transport, url: origin.url('/silence?/after/'), scope: [['timeout', 50]] });
    expect(error).toMatchObject({ exceeded: true });
  });
});

describe.each(TOO_LATE)('a shared call of a copy of undici that was loaded before, %s', (_, setup) => {
  const app = new UndiciApp({ ...setup, config });
  const origin = new Origin();

  test.each(['undici.fetch', 'undici.request', 'undici.stream'])('%s: outlives its request', async (transport) => {
    await app.open({ name: 'own', kind: 'Agent' });
    const call = { transport, url: origin.url('/after/150'), dispatcher: 'own' };
    const scope = [
      ['baggage', 'me'],
      ['timeout', 50],
    ] as const;
    expect((await app.call({ ...call, scope })).text).toBe('answered');
    expect((await app.call({ ...call, scope: [['timeout', 0]] })).text).toBe('answered');
    expect(origin.lines('timebudget')).toEqual([undefined, undefined]);
    expect(origin.lines('baggage')[0]).toEqual(['caller=me']);
    await app.ask('close', 'own');
  });
});

describe('a shared call', () => {
  const app = new UndiciApp({ config });
  const origin = new Origin();

  test('of global fetch stays shared where it is redirected to', async () => {
    const { text } = await app.call({
      transport: 'fetch',
      url: origin.url('/redirect/1/100'),
      scope: [['timeout', 50]],
    });
    expect(text).toBe('answered');
    expect(origin.lines('timebudget')).toEqual([undefined, undefined]);
  });

  test.each([
    ['redirect', { maxRedirections: 1 }, '/redirect/1/100'],
    ['deduplicate', {}, '/after/100'],
  ])('stays shared behind the interceptor %s', async (interceptor, options, path) => {
    await app.open({ name: 'agent', kind: 'Agent' });
    await app.ask('compose', { name: interceptor, over: 'agent', interceptors: [[interceptor, options]] });
    const call = { transport: 'undici.request', url: origin.url(path), dispatcher: interceptor };
    expect((await app.call({ ...call, scope: [['timeout', 50]] })).text).toBe('answered');
    await app.ask('close', 'agent');
  });

  test('stays shared when it is tried again', async () => {
    await app.open({ name: 'agent', kind: 'Agent' });
    await app.ask('openRetryAgent', { name: 'retry', over: 'agent', options: { maxRetries: 1, minTimeout: 60 } });
    const call = { transport: 'undici.request', url: origin.url('/unavailable/shared/'), dispatcher: 'retry' };
    await app.call({ ...call, scope: [['timeout', 50]] });
    expect(origin.arrivals).toHaveLength(2);
    await app.ask('close', 'retry');
  });

  test.each(['Pool', 'Client'])('waits for a connection of a %s that names no origin', async (kind) => {
    await app.open({ name: 'one', kind, origin: origin.url(), options: { connections: 1 } });
    const call = { transport: 'dispatcher.request', dispatcher: 'one', scope: [['timeout', 50]] as const };
    const outcomes = await app.calls([
      { ...call, url: origin.url('/after/100') },
      { ...call, url: origin.url('/after/101') },
      { ...call, url: origin.url('/answer') },
    ]);
    expect(outcomes).toMatchObject([{ text: 'answered' }, { text: 'answered' }, { error: { exceeded: true } }]);
    expect(origin.lines('timebudget')).toEqual([undefined, undefined]);
    await app.ask('destroy', 'one');
  });
});

describe('a call that three requests wait for, by the interceptor deduplicate', () => {
  const app = new UndiciApp({ config });
  const origin = new Origin();

  test.each([
    ['has run out of time', [['timeout', 50]]],
    ['has hung up', [['cancelAfter', 50]]],
  ] as const)('answers the others when the one that made it %s', async (_, scope) => {
    await app.open({ name: 'agent', kind: 'Agent' });
    await app.ask('compose', { name: 'once', over: 'agent', interceptors: [['deduplicate', {}]] });
    const call = { transport: 'undici.request', url: origin.url('/after/150'), dispatcher: 'once' };
    const outcomes = await app.calls([
      { ...call, scope },
      { ...call, scope: [['timeout', 5_000]] },
      { ...call, scope: [] },
    ]);
    expect(outcomes.map(({ text }) => text)).toEqual(['answered', 'answered', 'answered']);
    expect(origin.arrivals).toHaveLength(1);
    await app.ask('close', 'agent');
  });
});

describe.each([
  ['enforce', true],
  ['observe', false],
] as const)('the limit of a shared call, in mode %s', (mode, aborts) => {
  const app = new UndiciApp({ config: { ...config, mode }, node: ['--require', FAST_CLOCK] });
  const origin = new Origin();
  beforeEach(() => app.ask('takeEvents'));

  test.each(TRANSPORTS)('%s: 30 s', async (transport) => {
    // The request has a budget of 20 s, the answer takes 60 s.
    const { text, error, elapsed } = await app.call({
      transport,
      url: origin.url('/after/600'),
      scope: [['timeout', 20_000]],
    });
    expect(await app.ask('takeEvents')).toEqual(['client exceeded']);
    expect(origin.arrivals[0]?.aborted).toBe(aborts);
    if (!aborts) return expect(text).toBe('answered');
    expect(error).toMatchObject({ exceeded: true, target: `GET ${origin.url('/after/600')}`, isReason: false });
    expect(elapsed).toBeGreaterThanOrEqual(30_000);
    expect(elapsed).toBeLessThan(50_000);
  });
});

describe('the limit of a shared call', () => {
  const app = new UndiciApp({ config, node: ['--require', FAST_CLOCK] });
  const origin = new Origin();

  test.each(TRANSPORTS)('%s: binds the body as well', async (transport) => {
    const call = { transport, url: origin.url('/stall/shared/'), scope: [['timeout', 20_000]] as const };
    const { error, elapsed } = await app.call(call);
    expect(error).toMatchObject({ exceeded: true, isReason: false });
    expect(elapsed).toBeGreaterThanOrEqual(30_000);
  });
});

import { type ScopePath, UndiciApp } from './app.js';
import { Origin } from './origin.js';

// Calls that are several requests: redirects and retries.

const app = new UndiciApp();
const origin = new Origin();

const retries = { minTimeout: 30, timeoutFactor: 1, maxRetries: 100 };
// Long enough for a few requests, even on a busy machine.
const TIME = 600;
const mine: ScopePath = [
  ['baggage', 'me'],
  ['timeout', TIME],
];

beforeEach(async () => {
  await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
  await app.ask('openRetryAgent', { name: 'RetryAgent', over: 'pool', options: retries });
  const retry = ['retry', retries];
  const redirect = ['redirect', { maxRedirections: 10 }];
  await app.ask('compose', { name: 'retry', over: 'pool', interceptors: [retry] });
  await app.ask('compose', { name: 'redirect', over: 'pool', interceptors: [redirect] });
  await app.ask('compose', { name: 'redirect in retry', over: 'pool', interceptors: [redirect, retry] });
  await app.ask('compose', { name: 'retry in redirect', over: 'pool', interceptors: [retry, redirect] });
});
afterEach(() => app.ask('destroy', 'pool'));

const call = (transport: string, dispatcher: string | undefined, path: string, scope: ScopePath) =>
  app.call({ transport, url: origin.url(path), scope, ...(dispatcher && { dispatcher }) });

const budgets = () => origin.lines('timebudget').map((lines) => Number(lines));
const falls = (numbers: number[]) => numbers.every((number, i) => i === 0 || number < (numbers[i - 1] ?? 0));

describe.each(['RetryAgent', 'retry', 'redirect in retry', 'retry in redirect'])('retries (%s)', (dispatcher) => {
  test.each(['/unavailable', '/reset'])('of %s end with the budget', async (path) => {
    const { error, elapsed } = await call('undici.request', dispatcher, path, mine);
    expect(error).toMatchObject({ exceeded: true, target: `GET ${origin.url(path)}` });
    expect(elapsed).toBeGreaterThan(TIME - 100);
    expect(elapsed).toBeLessThan(TIME + 1000);
    expect(origin.arrivals.length).toBeGreaterThan(2);
    expect(falls(budgets())).toBe(true);
  });

  test('are made in the context of their caller, over whoever’s connection they come back', async () => {
    // What undici calls back over this connection runs in this call's async context from now on.
    await call('undici.request', 'pool', '/answer', [
      ['baggage', 'somebody else'],
      ['timeout', 5000],
    ]);
    const { error } = await call('undici.request', dispatcher, '/unavailable', mine);
    expect(error).toMatchObject({ exceeded: true });
    const [first, ...others] = origin.lines('baggage');
    expect(first).toEqual(['caller=somebody%20else']);
    expect(others.length).toBeGreaterThan(2);
    expect(new Set(others.flat())).toEqual(new Set(['caller=me']));
    expect(falls(budgets().slice(1))).toBe(true);
  });

  test('of a call without a scope have none', async () => {
    await call('undici.request', 'pool', '/answer', [['timeout', 100]]);
    const unbound = call('undici.request', dispatcher, '/unavailable', []);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await app.ask('destroy', 'pool');
    expect((await unbound).error).toMatchObject({ exceeded: false, cancelled: false });
    expect(origin.lines('timebudget').slice(1).filter(Boolean)).toEqual([]);
  });
});

describe.each([
  ['fetch', undefined],
  ['undici.fetch', undefined],
  ['fetch', 'pool'],
  ['undici.request', 'redirect'],
  ['undici.request', 'redirect in retry'],
  ['undici.request', 'retry in redirect'],
])('redirects (%s, %s)', (transport, dispatcher) => {
  test('carry the budget that is left at each hop', async () => {
    const { text } = await call(transport, dispatcher, '/redirect/3/30', [
      ['baggage', 'me'],
      ['timeout', 5000],
    ]);
    expect(text).toBe('answered');
    expect(origin.arrivals).toHaveLength(4);
    for (const lines of origin.lines('timebudget')) expect(lines).toHaveLength(1);
    for (const lines of origin.lines('baggage')) expect(lines).toEqual(['caller=me']);
    expect(falls(budgets())).toBe(true);
  });

  test('end with the budget', async () => {
    const { error, elapsed } = await call(transport, dispatcher, '/redirect/50/100', mine);
    expect(error).toMatchObject({ exceeded: true });
    if (transport === 'fetch') expect(error).toMatchObject({ isReason: true });
    expect(elapsed).toBeGreaterThan(TIME - 50);
    expect(origin.arrivals.length).toBeLessThan(TIME / 100 + 4);
  });
});

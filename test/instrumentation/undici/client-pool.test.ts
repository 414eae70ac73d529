import { within } from '../../support/waiting.js';
import { type Outcome, type ScopePath, UndiciApp } from './app.js';
import { Origin } from './origin.js';

// Calls that wait for a connection, and the connections that others use.

const app = new UndiciApp();
const origin = new Origin();

const paths = () => origin.arrivals.map(({ path }) => path);
const open = (kind: string, options: object = { connections: 1 }) =>
  app.open({ name: kind, kind, options, ...(kind !== 'Agent' && { origin: origin.url() }) });
const call = (dispatcher: string, path: string, scope: ScopePath, transport = 'undici.request') =>
  app.call({ transport, dispatcher, url: origin.url(path), scope });

describe.each([
  ['Pool', 'undici.request'],
  ['Pool', 'dispatcher.request'],
  ['Agent', 'undici.request'],
  ['Agent', 'undici.fetch'],
  // Node's own fetch, over a pool of another version of undici.
  ['Agent', 'fetch'],
  ['BalancedPool', 'undici.request'],
  ['RoundRobinPool', 'undici.request'],
  // No pool: the request has been made, and waits in the client.
  ['Client', 'undici.request'],
])('a call that waits for the only connection of a %s (%s)', (kind, transport) => {
  beforeEach(() => open(kind));
  afterEach(() => app.ask('close', kind));

  test.each([
    ['its time runs out', 'exceeded', ['timeout', 100]],
    ['its caller goes away', 'cancelled', ['cancelAfter', 100]],
  ] as const)('fails when %s, and is not sent later', async (_, ending, scope) => {
    const busy = call(kind, '/after/400', [['timeout', 5000]], transport);
    const waiting = call(kind, '/answer?waiting', [scope], transport);
    const next = call(kind, '/answer?next', [['timeout', 5000]], transport);
    const { error, elapsed } = await waiting;
    expect(error).toMatchObject({ [ending]: true, target: `GET ${origin.url('/answer')}` });
    expect(elapsed).toBeGreaterThan(90);
    expect((await busy).elapsed).toBeGreaterThan(elapsed);
    expect((await next).text).toBe('answered');
    expect(paths()).toEqual(['/after/400', '/answer?next']);
  });

  test('tells what is left when it is sent', async () => {
    const calls = [1, 2, 3].map(() => ({ transport, dispatcher: kind, url: origin.url('/after/100') }));
    const outcomes = await app.ask<Outcome[]>('together', { scope: [['timeout', 5000]], calls });
    expect(outcomes.map(({ text }) => text)).toEqual(['answered', 'answered', 'answered']);
    const [first = 0, second = 0, third = 0] = origin.lines('timebudget').map((lines) => Number(lines));
    expect(first).toBeGreaterThan(second + 90);
    expect(second).toBeGreaterThan(third + 90);
  });
});

test('a call that waits for its turn in a client until its time is up is not sent', async () => {
  await open('Client', {});
  const calls = [1, 2, 3, 4, 5, 6].map(() => ({
    transport: 'undici.request',
    dispatcher: 'Client',
    url: origin.url('/after/100'),
  }));
  const outcomes = await app.ask<Outcome[]>('together', { scope: [['timeout', 350]], calls });
  await app.ask('close', 'Client');
  const answered = outcomes.filter(({ text }) => text === 'answered');
  expect(answered.length).toBeGreaterThan(0);
  expect(answered.length).toBeLessThan(4);
  // One more was sent, and aborted.
  expect(origin.arrivals.length).toBeLessThanOrEqual(answered.length + 1);
});

test('calls with one options object keep their own deadlines', async () => {
  await open('Pool');
  const timeouts = [5000, 100, 5000, 150, 5000];
  const outcomes = await app.ask<Outcome[]>('share', { path: '/after/200', dispatcher: 'Pool', timeouts });
  await app.ask('close', 'Pool');
  expect(outcomes.map(({ text, error }) => text ?? error?.exceeded)).toEqual([
    'answered',
    true,
    'answered',
    true,
    'answered',
  ]);
  expect(origin.arrivals).toHaveLength(3);
});

test.each([
  ['without a scope', []],
  ['detached', [['timeout', 50], ['detach']]],
  ['of telemetry', [['timeout', 50], ['suppress']]],
] as const)('a call %s that was queued is nobody else’s when it is sent', async (_, scope) => {
  await open('Pool');
  const [busy, waiting] = await Promise.all([
    call('Pool', '/after/200', [['timeout', 5000]]),
    call('Pool', '/after/100?waiting', scope),
  ]);
  await app.ask('close', 'Pool');
  expect([busy.text, waiting.text]).toEqual(['answered', 'answered']);
  expect(origin.lines('timebudget')).toEqual([[expect.any(String)], undefined]);
});

test('a pool that is destroyed tells the calls that wait, and nothing waits for their deadlines', async () => {
  await open('Pool');
  const calls = [1, 2, 3].map(() => call('Pool', '/silence', [['timeout', 60_000]]));
  await within(2000, 'the first to arrive', () => origin.arrivals.length === 1);
  await app.ask('destroy', 'Pool');
  for (const { error } of await Promise.all(calls)) expect(error?.name).toBe('ClientDestroyedError');
});

describe('a call that is aborted', () => {
  test('leaves the pool in order: the next one is answered', async () => {
    await open('Pool');
    for (let i = 0; i < 5; i++) {
      const aborted = await call('Pool', '/silence', [['timeout', 60]]);
      expect(aborted.error).toMatchObject({ exceeded: true });
      expect((await call('Pool', '/answer', [['timeout', 5000]])).text).toBe('answered');
    }
    await app.ask('close', 'Pool');
  });

  test('does not harm the call on the connection beside it', async () => {
    await open('Pool', { connections: 2 });
    const [beside, aborted] = await Promise.all([
      call('Pool', '/after/300', [['timeout', 5000]]),
      call('Pool', '/silence', [['timeout', 150]]),
    ]);
    await app.ask('close', 'Pool');
    expect(aborted.error).toMatchObject({ exceeded: true });
    expect(beside.text).toBe('answered');
  });

  test('does not harm the calls behind it on the same connection: they are sent once more, with less budget', async () => {
    await open('Client', { pipelining: 3 });
    await call('Client', '/answer', []);
    const [aborted, ...behind] = await Promise.all([
      call('Client', '/silence', [['timeout', 200]]),
      call('Client', '/answer?1', [['timeout', 5000]]),
      call('Client', '/answer?2', [['timeout', 5000]]),
    ]);
    await app.ask('close', 'Client');
    expect(aborted?.error).toMatchObject({ exceeded: true });
    expect(behind.map(({ text }) => text)).toEqual(['answered', 'answered']);
    const last = Number(origin.arrivals.at(-1)?.fields.timebudget?.[0]);
    expect(last).toBeLessThan(4850);
  });

  test('ends with all the others of its scope, whatever their handlers throw', async () => {
    await open('Pool');
    await app.open({ name: 'other', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
    const told = await app.ask('breakHandlers', { names: ['Pool', 'other'], path: '/silence', cancelAfter: 100 });
    expect(told).toEqual({ failed: 4, thrown: 4 });
    await app.ask('destroy', 'Pool');
    await app.ask('destroy', 'other');
  });
});

import { createHash } from 'node:crypto';
import { type Outcome, type ScopePath, UndiciApp } from './app.js';
import { Origin } from './origin.js';

// What is left alone, and what is let go.

const all = ['fetch', 'undici.fetch', 'undici.request'];

describe('calls', () => {
  const app = new UndiciApp();
  const origin = new Origin();

  test.each(
    all.flatMap((transport) => [
      [transport, 'without a scope', []] as const,
      [transport, 'detached from a scope that has ended', [['timeout', 0], ['detach']]] as const,
      [transport, 'of telemetry in a scope that has ended', [['timeout', 0], ['suppress']]] as const,
      [transport, 'of a fresh context in a scope that has ended', [['timeout', 0], ['root']]] as const,
    ]),
  )('%s: %s are left alone, and tell no budget', async (transport, _, scope) => {
    const { text } = await app.call({ transport, url: origin.url('/after/50'), scope });
    expect(text).toBe('answered');
    expect(origin.lines('timebudget')).toEqual([undefined]);
  });

  test.each(all)('%s: of a scope that has completed are left alone, and tell no budget', async (transport) => {
    const { text } = await app.ask<Outcome>('afterCompletion', { transport, url: origin.url('/after/50') });
    expect(text).toBe('answered');
    expect(origin.lines('timebudget')).toEqual([undefined]);
  });

  test.each(all)('%s: a timeout around the call bounds the body that is read outside of it', async (transport) => {
    const read = { transport, url: origin.url('/stall'), timeout: 400 };
    const { error, elapsed } = await app.ask<Outcome>('readOutside', read);
    expect(error).toMatchObject({
      exceeded: true,
      name: transport.endsWith('fetch') ? 'TypeError' : 'DeadlineExceededError',
      target: `GET ${origin.url('/stall')}`,
    });
    expect(elapsed).toBeLessThan(5000);
  });

  test.each(all)('%s: are released when the request is answered that they were made for', async (transport) => {
    const made = { transport, url: origin.url('/after/300'), budget: '150' };
    expect(await app.ask('inHandler', made)).toMatchObject({ text: 'answered' });
    expect(origin.lines('timebudget')).toEqual([[expect.stringMatching(/^1?\d\d$/)]]);
  });

  test.each(all)('%s: end when the caller hangs up whose request they were made for', async (transport) => {
    const made = { transport, url: origin.url('/silence'), hangUpAfter: 100 };
    expect(await app.ask('inHandler', made)).toMatchObject({ error: { cancelled: true } });
  });

  test.each(all.flatMap((transport) => [[transport, [['timeout', 5000]]] as const, [transport, []] as const]))(
    '%s in %j: a signal of the application’s own stays in force',
    async (transport, scope) => {
      const error = await app.ask('ownSignal', { transport, url: origin.url('/silence'), scope });
      expect(error).toMatchObject({ own: true, exceeded: false, cancelled: false });
    },
  );

  test.each(all)('%s: a signal of the application’s own does not replace the deadline', async (transport) => {
    const scope: ScopePath = [['timeout', 50]];
    const error = await app.ask('ownSignal', { transport, url: origin.url('/silence'), scope });
    expect(error).toMatchObject({ own: false, exceeded: true });
  });
});

describe.each([
  ['from npm', false],
  ['of Node’s own undici', true],
])('a WebSocket %s', (_, own) => {
  const app = new UndiciApp({ loadsFetchFirst: own, node: own ? ['--experimental-websocket'] : [] });
  const origin = new Origin();
  const webSocket = (path: string, scope: ScopePath, after = 0) =>
    app.ask('webSocket', { url: origin.url(path), scope, own, after });

  test('that has opened is let go: it outlives its scope', async () => {
    origin.onUpgrade((request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      const head = ['HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: upgrade'];
      socket.write([...head, `sec-websocket-accept: ${accept}`, '', ''].join('\r\n'));
    });
    expect(await webSocket('/', [['timeout', 400]], 600)).toEqual({ opened: true, stays: true });
  });

  test('that does not open in time fails', async () => {
    origin.onUpgrade(() => {});
    expect(await webSocket('/', [['timeout', 200]])).toEqual({ opened: false, stays: false });
  });

  test('is not tried when no time is left', async () => {
    expect(await webSocket('/', [['timeout', 0]])).toEqual({ opened: false, stays: false });
    expect(origin.arrivals).toHaveLength(0);
  });
});

describe('observed', () => {
  const app = new UndiciApp({ config: { mode: 'observe' } });
  const origin = new Origin();
  beforeEach(() => app.ask('takeEvents'));

  test.each(
    all.flatMap((transport) => [
      [transport, 'client rejected', '/answer', ['timeout', 0]] as const,
      [transport, 'client exceeded', '/after/300', ['timeout', 100]] as const,
      [transport, 'client cancelled', '/after/300', ['cancelAfter', 100]] as const,
    ]),
  )('%s: what would be %s is counted once, and goes on', async (transport, event, path, scope) => {
    expect((await app.call({ transport, url: origin.url(path), scope: [scope] })).text).toBe('answered');
    expect(await app.ask('takeEvents')).toEqual([event]);
  });

  test('a call in a saturated pool is counted once as well', async () => {
    await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
    const made = { transport: 'undici.request', dispatcher: 'pool', url: origin.url('/after/200') };
    const outcomes = await app.calls([made, { ...made, scope: [['timeout', 100]] }]);
    expect(outcomes.map(({ text }) => text)).toEqual(['answered', 'answered']);
    expect(await app.ask('takeEvents')).toEqual(['client exceeded']);
    await app.ask('close', 'pool');
  });
});

describe('ignored', () => {
  const app = new UndiciApp({ ignored: '/ignored' });
  const origin = new Origin();

  test.each([...all, 'dispatcher.request'])('%s', async (transport) => {
    await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
    const made = { transport, dispatcher: 'pool', url: origin.url('/after/100/ignored') };
    const outcomes = await app.calls([
      { ...made, scope: [['timeout', 0]] },
      { ...made, scope: [['timeout', 50]] },
      { ...made, url: origin.url('/answer'), scope: [['timeout', 0]] },
    ]);
    expect(outcomes.map(({ text, error }) => text ?? error?.exceeded)).toEqual(['answered', 'answered', true]);
    expect(origin.lines('timebudget')).toEqual([undefined, undefined]);
    await app.ask('close', 'pool');
  });
});

describe('disabled', () => {
  const app = new UndiciApp({ loadsFetchFirst: true });
  const origin = new Origin();
  afterEach(() => app.ask('enable'));

  test('ten times, it leaves nothing behind', async () => {
    // Node's own undici is met when it makes its first call.
    await app.call({ transport: 'fetch', url: origin.url('/answer') });
    const toggled = await app.ask('toggle', 10);
    expect(toggled).toEqual({ changed: [false, false, false], putBack: [true, true, true], listens: false });
  });

  test.each(all)('%s: a call in flight is let go', async (transport) => {
    const call = app.call({ transport, url: origin.url('/after/300'), scope: [['timeout', 150]] });
    await app.ask('disable');
    expect(await app.ask('state')).toEqual({ alarms: 0, strays: [] });
    expect((await call).text).toBe('answered');
    expect((await app.call({ transport, url: origin.url('/answer'), scope: [['timeout', 0]] })).text).toBe('answered');
  });

  test('and a call that failed while it was queued is not sent', async () => {
    await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
    const made = { transport: 'undici.request', dispatcher: 'pool', url: origin.url('/after/300') };
    const busy = app.call(made);
    const waiting = await app.call({ ...made, scope: [['timeout', 50]] });
    expect(waiting.error).toMatchObject({ exceeded: true });
    await app.ask('disable');
    expect((await app.call(made)).text).toBe('answered');
    expect((await busy).text).toBe('answered');
    expect(origin.arrivals).toHaveLength(2);
    await app.ask('close', 'pool');
  });
});

describe('with a reserve', () => {
  const app = new UndiciApp({ reserve: 4700 });
  const origin = new Origin();

  test.each(all)('%s: the call ends when the time is up that was passed on', async (transport) => {
    const { error, elapsed } = await app.call({ transport, url: origin.url('/silence'), scope: [['timeout', 5000]] });
    expect(error).toMatchObject({ exceeded: true });
    expect(elapsed).toBeGreaterThan(250);
    expect(elapsed).toBeLessThan(4900);
    expect(Number(origin.lines('timebudget')[0])).toBeLessThanOrEqual(300);
  });

  test('so does one that is queued', async () => {
    await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
    const made = { transport: 'undici.request', dispatcher: 'pool', url: origin.url('/after/1500') };
    const [, waiting] = await app.calls([made, { ...made, scope: [['timeout', 5000]] }]);
    expect(waiting?.elapsed).toBeLessThan(4900);
    await app.ask('close', 'pool');
  });
});

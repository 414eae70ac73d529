import { RawClient } from '../instrumentation/http/servers.js';
import { Chain, type Holdings, LIMIT, type ModuleSystem, type State, type Transport } from './chain.js';

jest.setTimeout(3 * LIMIT);

const chains: [string, Transport[], ModuleSystem[]][] = [
  ['CommonJS first', ['http.request', 'fetch', 'gRPC', 'undici'], ['cjs', 'mjs', 'cjs', 'mjs', 'cjs']],
  ['ES modules first', ['gRPC', 'undici', 'http.request', 'fetch'], ['mjs', 'cjs', 'mjs', 'cjs', 'mjs']],
];

describe.each(chains)('five processes, %s: %j', (_, over, systems) => {
  let chain: Chain;
  let before: Holdings[];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    chain = await Chain.start(over, systems);
    // Pools, channels and modules are there from the first requests on.
    for (const path of ['/answer', '/answer?narrow', '/stream', '/upload']) await warmUp(path);
    before = await chain.atRest();
  });

  beforeEach(() => chain.forget());

  /** Whatever happened: no work, timer, listener or socket is left that was not there before. */
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    expect(await chain.leftOver(before)).toEqual([]);
    for (const { alarms, troubles } of await chain.states()) {
      expect(troubles).toEqual([]);
      expect(alarms).toBe(0);
    }
  });

  afterAll(() => chain.stop());

  async function warmUp(path: string): Promise<void> {
    const client = connect();
    if (path === '/upload') client.send(['POST /upload HTTP/1.1', 'content-length: 1'], 'x');
    else client.send([`GET ${path} HTTP/1.1`]);
    await client.received(path === '/stream' ? /xxx/ : /answered|received 1/);
    client.socket.destroy();
  }

  function connect(): RawClient {
    const client = new RawClient(chain.port);
    clients.push(client);
    return client;
  }

  /** Sends a request and waits until so many have arrived at the last hop. */
  async function sent(path: string, headers: string[] = [], arrivals = 1): Promise<RawClient> {
    const client = connect().send([`GET ${path} HTTP/1.1`, ...headers]);
    await arrived(arrivals);
    return client;
  }

  async function arrived(count: number): Promise<void> {
    await chain.reaches(`${count} to arrive at the last hop`, (states) => states.at(-1)?.arrivals === count);
  }

  /** Waits until all work has ended, and expects that it ended everywhere for one of the reasons. */
  async function expectAllEnded(codes: string[], failures = codes): Promise<void> {
    // A handler that learns of the end by its call, and answers, has no scope any more whose signal could abort.
    const stopped = ({ inFlight, aborted, failed }: State) => inFlight === 0 && sum(aborted) + sum(failed) > 0;
    const states = await chain.reaches('all hops to stop', (all) => all.every(stopped));
    for (const [i, { aborted, failed }] of states.entries()) {
      expect([i, only(codes, aborted), only(failures, failed)]).toEqual([i, true, true]);
      expect([i, sum(failed)]).toEqual([i, i === states.length - 1 ? 0 : 1]);
      if (!codes.includes('DEADLINE_EXCEEDED')) expect([i, aborted]).toEqual([i, { CANCELLED: 1 }]);
    }
  }

  // A caller whose time is up hangs up, and may be faster than the clock of the hop that he called.
  const timeIsUp = ['DEADLINE_EXCEEDED', 'CANCELLED'];

  test('the deadline passes', async () => {
    const client = await sent('/wait', ['timebudget: 500']);
    await client.received(/^HTTP\/1.1 504/);
    await expectAllEnded(timeIsUp);
  });

  test('the client hangs up', async () => {
    const client = await sent('/wait', ['timebudget: 60000']);
    client.socket.destroy();
    await expectAllEnded(['CANCELLED']);
  });

  test('the client, who brought no budget, hangs up', async () => {
    (await sent('/wait')).socket.destroy();
    await expectAllEnded(['CANCELLED']);
  });

  test('a fan-out of 20 parallel calls, all cancelled', async () => {
    const client = await sent('/wait?fan=20', ['timebudget: 60000'], 20);
    client.socket.destroy();
    await expectFanEnded(['CANCELLED'], 20);
  });

  test('a fan-out of 20 parallel calls, all out of time', async () => {
    const client = await sent('/wait?fan=20', ['timebudget: 2000'], 20);
    await client.received(/^HTTP\/1.1 504/);
    await expectFanEnded(timeIsUp, 20);
  });

  async function expectFanEnded(codes: string[], count: number): Promise<void> {
    const over = (states: State[]) => states.every(({ inFlight }) => inFlight === 0);
    for (const [i, { failed, aborted }] of (await chain.reaches('all to stop', over)).entries()) {
      expect([i, only(codes, aborted)]).toEqual([i, true]);
      if (!codes.includes('DEADLINE_EXCEEDED')) expect([i, sum(aborted)]).toEqual([i, i === 0 ? 1 : count]);
      if (i < 4) expect([i, sum(failed), only(codes, failed)]).toEqual([i, count, true]);
    }
  }

  /** What is piped from or to a caller who has gone may fail because of that first. */
  const piping = 'by itself';

  test('a streaming response, cancelled in the middle', async () => {
    const client = await sent('/stream', ['timebudget: 60000']);
    await client.received(/^HTTP\/1.1 200[\s\S]*x{1024}/);
    client.socket.destroy();
    await expectAllEnded(['CANCELLED'], ['CANCELLED', piping]);
  });

  test('a streaming response whose time is up', async () => {
    const client = await sent('/stream', ['timebudget: 700']);
    await client.received(/^HTTP\/1.1 200[\s\S]*x{1024}/);
    // Cut off, not ended: nobody takes half of an answer for the whole.
    await client.end();
    expect(client.text).not.toMatch(/\r\n0\r\n\r\n$/);
    await expectAllEnded(timeIsUp, [...timeIsUp, piping]);
  });

  test('an upload, cancelled in the middle', async () => {
    const client = connect().send(['POST /upload?length=100000 HTTP/1.1', 'content-length: 100000'], 'x'.repeat(1000));
    await arrived(1);
    client.socket.destroy();
    await expectAllEnded(['CANCELLED'], ['CANCELLED', piping]);
  });

  test('an upload whose time is up', async () => {
    const head = ['POST /upload?length=100000 HTTP/1.1', 'content-length: 100000', 'timebudget: 500'];
    const client = connect().send(head, 'x'.repeat(1000));
    await arrived(1);
    await client.received(/^HTTP\/1.1 504/);
    await expectAllEnded(timeIsUp, [...timeIsUp, piping]);
  });

  test('keep-alive: a connection serves on, before and after another one’s request is cancelled', async () => {
    const kept = connect();
    for (let i = 1; i <= 3; i++) {
      kept.send(['GET /answer HTTP/1.1', 'timebudget: 60000']);
      await kept.received(new RegExp(String.raw`^(?:[\s\S]*?answered){${i}}`));
    }
    await chain.forget();
    const client = await sent('/wait');
    client.socket.destroy();
    await expectAllEnded(['CANCELLED']);
    kept.send(['GET /answer HTTP/1.1']);
    await kept.received(/^(?:[\s\S]*?answered){4}/);
    expect(kept.closed).toBe(false);
  });

  test('pipelined requests: all are cancelled that have not been answered', async () => {
    const client = connect();
    for (let i = 0; i < 3; i++) client.send([`GET /wait/${i} HTTP/1.1`, 'timebudget: 60000']);
    await arrived(3);
    client.socket.destroy();
    const states = await chain.reaches('all to stop', (all) => all.every(({ inFlight }) => inFlight === 0));
    for (const { aborted } of states) expect(aborted).toEqual({ CANCELLED: 3 });
  });

  test('a saturated agent or pool: what waits in its queue is never sent', async () => {
    const client = connect().send(['GET /wait?fan=5&narrow HTTP/1.1']);
    await arrived(1);
    client.socket.destroy();
    const states = await chain.reaches('all to stop', (all) => all.every(({ inFlight }) => inFlight === 0));
    expect(states[0]?.failed).toEqual({ CANCELLED: 5 });
    const { arrivals, aborted } = states.at(-1) as State;
    expect(aborted).toEqual({ CANCELLED: arrivals });
    // Where the queue is a hop further on, the five are cancelled one by one, and each makes room for the next.
    if (over[0] !== 'gRPC') expect(arrivals).toBe(1);
    // The next call on the same agent or pool works.
    const next = connect().send(['GET /answer?narrow HTTP/1.1']);
    await next.received(/answered/);
  });

  // The last one: behind it there is a process less.
  test('the middle process is killed', async () => {
    const client = await sent('/wait', ['timebudget: 60000']);
    await chain.hops[2]?.kill();
    before = before.toSpliced(2, 1);
    // Those above see a call that failed by itself, those below a caller who has gone.
    await client.received(/^HTTP\/1.1 502/);
    client.socket.destroy();
    const states = await chain.reaches('all hops to stop', (states) => states.every(({ inFlight }) => inFlight === 0));
    const [edge, second, fourth, fifth] = states;
    expect(edge?.failed).toEqual({ 'by itself': 1 });
    expect(second?.failed).toEqual({ 'by itself': 1 });
    expect(fourth).toMatchObject({ aborted: { CANCELLED: 1 }, failed: { CANCELLED: 1 } });
    expect(fifth).toMatchObject({ aborted: { CANCELLED: 1 } });
  });
});

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Whether everything counted has one of the names. */
function only(names: string[], counts: Readonly<Record<string, number>>): boolean {
  return Object.keys(counts).every((name) => names.includes(name));
}

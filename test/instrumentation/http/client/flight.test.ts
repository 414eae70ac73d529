import { once } from 'node:events';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { pendingAlarms } from '../../../../src/time/alarms.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { callErrorOf, OpenScope, Outcome } from '../calls.js';
import { type Served, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement({ server: { http: false } });

/** How a scope ends, and the error's code for it. */
const ends = [
  ['its time is up', 'DEADLINE_EXCEEDED', () => advance(1_000)],
  ['it is cancelled', 'CANCELLED', (scope: OpenScope) => scope.cancel()],
] as const;

interface Flight extends Served {
  readonly scope: OpenScope;
  readonly requests: IncomingMessage[];
  call(options?: RequestOptions): Outcome;
  /** What the server has received. */
  arrived(count?: number): Promise<IncomingMessage>;
}

/** A server and a scope of 1 s, under which `call` makes calls to it. */
async function flight(handler: http.RequestListener = () => {}, protocol: 'http' | 'https' = 'http'): Promise<Flight> {
  const requests: IncomingMessage[] = [];
  const served = await servers.serve((request, response) => {
    requests.push(request);
    handler(request, response);
  }, protocol);
  const scope = new OpenScope(1_000);
  const { request } = protocol === 'https' ? https : http;
  return {
    ...served,
    scope,
    requests,
    call: (options = {}) =>
      scope.run(() => {
        const outcome = new Outcome(
          request(`${served.url}/path`, { agent: false, rejectUnauthorized: false, ...options }),
        );
        if (options.method !== 'POST') outcome.request.end();
        return outcome;
      }),
    async arrived(count = 1) {
      await within(2_000, `${count} requests`, () => requests.length >= count);
      return requests[count - 1] as IncomingMessage;
    },
  };
}

const halfway: http.RequestListener = (_, response) => void response.write('the first half');
const echo: http.RequestListener = (request, response) => void request.resume().on('end', () => response.end('done'));

async function drain(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks);
}

describe.each(ends)('when %s', (_, code, end) => {
  afterEach(() => {
    const type = code === 'CANCELLED' ? 'cancelled' : 'exceeded';
    expect(enforcement.counts).toEqual({ [`client ${type}`]: 1 });
  });

  async function expectAborted(outcome: Outcome, { scope, url }: Flight): Promise<void> {
    await outcome.close();
    expect(outcome.errors[0]).toEqual(callErrorOf(code, `${outcome.request.method} ${url}/path`, scope.reason));
    expect(outcome.errors).toHaveLength(1);
    expect(pendingAlarms()).toBe(0);
  }

  async function expectDisconnected(request: IncomingMessage): Promise<void> {
    await within(2_000, 'the server to see a hang-up', () => request.socket.destroyed);
  }

  test.each(['http', 'https'] as const)('a call that waits for its answer is aborted (%s)', async (protocol) => {
    const under = await flight(undefined, protocol);
    const outcome = under.call();
    const request = await under.arrived();
    end(under.scope);
    await expectAborted(outcome, under);
    await expectDisconnected(request);
  });

  test('a call that is uploading is aborted', async () => {
    const under = await flight((request) => void request.resume());
    const outcome = under.call({ method: 'POST' });
    outcome.request.write('x'.repeat(1 << 20));
    const request = await under.arrived();
    end(under.scope);
    await expectAborted(outcome, under);
    await expectDisconnected(request);
  });

  test('a call whose upload is stuck is aborted', async () => {
    const under = await flight((request) => void request.pause());
    const outcome = under.call({ method: 'POST' });
    outcome.request.write('x'.repeat(1 << 24));
    await under.arrived();
    end(under.scope);
    // The server, which does not read, can't see it.
    await expectAborted(outcome, under);
  });

  test('what is piped into a call fails with its error', async () => {
    const under = await flight((request) => request.pause());
    const outcome = under.call({ method: 'POST' });
    const source = new Readable({ read: () => source.push('x'.repeat(1 << 16)) });
    const piped = pipeline(source, outcome.request).catch((error: unknown) => error);
    await under.arrived();
    end(under.scope);
    await expectAborted(outcome, under);
    expect(await piped).toBe(outcome.errors[0]);
    expect(source.destroyed).toBe(true);
  });

  test.each<[string, (response: IncomingMessage) => Promise<unknown>]>([
    ['text()', (response) => text(response)],
    ["the event 'error'", (response) => once(response.resume(), 'error').then(([error]) => Promise.reject(error))],
    ['pipeline', (response) => pipeline(response, drain)],
    ['for await', drain],
  ])('whoever reads the body by %s gets the error', async (_, read) => {
    const under = await flight(halfway);
    const outcome = under.call();
    const response = await outcome.responded();
    const reading = read(response).catch((error: unknown) => error);
    await within(2_000, 'the first half', () => response.readableDidRead);
    end(under.scope);
    expect(await reading).toEqual(callErrorOf(code, `GET ${under.url}/path`, under.scope.reason));
    await outcome.close();
    await expectDisconnected(await under.arrived());
  });

  test.each([
    ["on the response hears no 'aborted', which stands for the server", 'response', 0],
    ["on the request hears no 'aborted' either", 'request', 0],
    ["nowhere hears 'aborted'", 'neither', 1],
  ])("whoever listens to 'error' %s", async (_, listensTo, expected) => {
    const under = await flight(halfway);
    const request = under.scope.run(() => http.get(under.url, { agent: false }));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const aborted = jest.fn();
    response.on('aborted', aborted).resume();
    if (listensTo !== 'neither') (listensTo === 'request' ? request : response).on('error', () => {});
    end(under.scope);
    await within(2_000, "'close'", () => response.closed && request.closed);
    expect(aborted).toHaveBeenCalledTimes(expected);
  });

  test('a body that nobody reads is aborted as well, and harms nobody', async () => {
    const under = await flight(halfway);
    const request = under.scope.run(() => http.get(under.url, { agent: false }));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    end(under.scope);
    await within(2_000, 'the response to be destroyed', () => response.destroyed);
    await expectDisconnected(await under.arrived());
  });

  test("a call without a listener for 'error' harms nobody", async () => {
    const under = await flight();
    const request = under.scope.run(() => http.get(under.url, { agent: false }));
    const arrived = await under.arrived();
    end(under.scope);
    await within(2_000, "'close'", () => request.closed);
    await expectDisconnected(arrived);
  });

  test('an upload that goes on behind its answer is aborted', async () => {
    const under = await flight((_, response) => void response.end('enough'));
    const outcome = under.call({ method: 'POST', agent: new http.Agent({ keepAlive: true }) });
    outcome.request.write('x');
    expect(await outcome.body()).toBe('enough');
    const arrived = await under.arrived();
    expect(outcome.closed).toBe(false);
    end(under.scope);
    await expectAborted(outcome, under);
    await expectDisconnected(arrived);
  });
});

describe('a call that waits in an agent', () => {
  test.each(ends)('is aborted when %s, and leaves its place to the others', async (_, code, end) => {
    const agent = new http.Agent({ maxSockets: 1, keepAlive: true });
    const answers: http.ServerResponse[] = [];
    const under = await flight((_, response) => void answers.push(response));
    const running = new Outcome(http.get(under.url, { agent }));
    await under.arrived();
    const queued = [under.call({ agent }), under.call({ agent })];
    const later = new Outcome(http.get(`${under.url}/later`, { agent }));
    end(under.scope);
    for (const outcome of queued) {
      await outcome.close();
      expect(outcome.events).toEqual(['error', 'close']);
      expect(outcome.errors).toEqual([callErrorOf(code, `GET ${under.url}/path`, under.scope.reason)]);
    }
    expect(Object.values(agent.requests).flat()).toEqual([later.request]);
    answers[0]?.end('first');
    expect(await running.body()).toBe('first');
    expect((await under.arrived(2)).url).toBe('/later');
    answers[1]?.end('second');
    expect(await later.body()).toBe('second');
    expect(under.connections).toHaveLength(1);
    expect(agent.requests).toEqual({});
    agent.destroy();
  });

  /** An agent that makes its connections when the test says so, as those do that ask a proxy first. */
  function slowAgent(options: http.AgentOptions): { agent: http.Agent; connect: () => void } {
    const waiting: (() => void)[] = [];
    const createConnection = (options: net.NetConnectOpts, done: (error: null, socket: net.Socket) => void) => {
      waiting.push(() => done(null, net.connect(options)));
    };
    const agent = Object.assign(new http.Agent(options), { createConnection });
    return { agent, connect: () => void waiting.splice(0).map((each) => each()) };
  }

  test.each([
    ['is destroyed', {}, 0],
    ['is for the next call', { maxSockets: 1 }, 1],
  ])('that still connects is aborted at once; its connection %s', async (_, options, next) => {
    const under = await flight(echo);
    const { agent, connect } = slowAgent(options);
    const outcome = under.call({ agent });
    const later = Array.from({ length: next }, () => new Outcome(http.get(`${under.url}/later`, { agent })));
    advance(1_000);
    await outcome.close();
    expect(outcome.events).toEqual(['error', 'close']);
    connect();
    for (const each of later) expect(await each.body()).toBe('done');
    await within(2_000, 'no socket to be left', () => Object.keys(agent.sockets).length === 0);
    expect(outcome.events).toEqual(['error', 'close']);
    expect(under.requests.map(({ url }) => url)).toEqual(later.map(() => '/later'));
    expect(under.connections).toHaveLength(next);
  });

  test('that is aborted in the tick in which it is made gets its error once', async () => {
    const under = await flight(echo);
    const outcome = under.call();
    under.scope.cancel();
    await outcome.close();
    await within(2_000, 'the connection to be gone', () => under.connections.every(({ destroyed }) => destroyed));
    expect(outcome.events).toEqual(['error', 'close']);
    expect(under.requests).toEqual([]);
  });
});

describe('what is not aborted', () => {
  test('idle connections: the next call goes over the same one', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const under = await flight(echo);
    expect(await under.call({ agent }).body()).toBe('done');
    await within(2_000, 'the connection to be idle', () => Object.keys(agent.freeSockets).length > 0);
    const [idle] = Object.values(agent.freeSockets).flat();
    const listeners = idle?.eventNames().map((name) => idle.listenerCount(name));
    expect(pendingAlarms()).toBe(0);
    advance(1_000);
    under.scope.cancel();
    const next = new Outcome(http.get(`${under.url}/next`, { agent }));
    expect(await next.body()).toBe('done');
    await within(2_000, 'the connection to be idle', () => Object.keys(agent.freeSockets).length > 0);
    expect(Object.values(agent.freeSockets).flat()).toEqual([idle]);
    expect(idle?.eventNames().map((name) => idle.listenerCount(name))).toEqual(listeners);
    expect(under.connections).toHaveLength(1);
    expect(enforcement.counts).toEqual({});
    agent.destroy();
  });

  test("a call whose server hangs up: the response emits 'aborted', as without us", async () => {
    const under = await flight(halfway);
    const outcome = under.call();
    const response = await outcome.responded();
    const aborted = jest.fn();
    response.on('aborted', aborted).on('error', () => {});
    (await under.arrived()).socket.destroy();
    await within(2_000, "'aborted'", () => aborted.mock.calls.length === 1);
    await outcome.close();
    expect(enforcement.counts).toEqual({});
  });

  test('calls in flight when the instrumentation is disabled', async () => {
    const answers: http.ServerResponse[] = [];
    const under = await flight((_, response) => void answers.push(response));
    const calls = [under.call({ method: 'POST' }), under.call()];
    for (const { request } of calls) request.end();
    await under.arrived(2);
    // It disables, and enables again with these.
    enforcement.configure({ server: { http: false } });
    expect(pendingAlarms()).toBe(0);
    advance(1_000);
    under.scope.cancel();
    for (const answer of answers) answer.end('done');
    for (const call of calls) expect(await call.body()).toBe('done');
    expect(enforcement.counts).toEqual({});
  });
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { type ClientHttp2Session, constants, type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { context, createContextKey } from '@opentelemetry/api';
import { originOf, scopeAround } from '../../../../src/context/scope/origin.js';
import { pendingAlarms } from '../../../../src/time/alarms.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { callErrorOf, OpenScope } from '../../http/calls.js';
import { answering, Outcome, type Peer, Sessions, type StreamHandler } from '../streams.js';

const sessions = new Sessions();
const enforcement = new Enforcement({ server: { http2: false } });

/** How a scope ends, and the error's code for it. */
const ends = [
  ['its time is up', 'DEADLINE_EXCEEDED', () => advance(1_000)],
  ['it is cancelled', 'CANCELLED', (scope: OpenScope) => scope.cancel()],
] as const;

interface Flight extends Peer {
  readonly scope: OpenScope;
  readonly session: ClientHttp2Session;
  call(method?: 'GET' | 'POST'): Outcome;
}

/** A server, a session with it, and a scope of 1 s, under which `call` opens streams. */
async function flight(handler: StreamHandler = () => {}, connected = true): Promise<Flight> {
  const peer = await sessions.serve((stream, headers) =>
    headers[':path'] === '/other' ? answering(stream, headers) : handler(stream, headers),
  );
  const scope = new OpenScope(1_000);
  const session = connected ? await sessions.connect(peer.url) : sessions.open(peer.url);
  const call = (method = 'GET') =>
    scope.run(() => new Outcome(session.request({ ':path': '/path', ':method': method })));
  return { ...peer, scope, session, call };
}

const halfway: StreamHandler = (stream) => {
  stream.respond({ ':status': 200 });
  stream.write('the first half');
};

async function drain(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks);
}

/** The session goes on, and so do its other streams. */
async function expectUsable({ session }: Flight): Promise<void> {
  expect(await new Outcome(session.request({ ':path': '/other' })).body()).toBe('answered');
  expect([session.closed, session.destroyed]).toEqual([false, false]);
}

async function expectReset(stream: ServerHttp2Stream): Promise<void> {
  await within(2_000, 'the server to see a reset', () => stream.closed);
  expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
}

describe.each(ends)('when %s', (_, code, end) => {
  afterEach(() => {
    const type = code === 'CANCELLED' ? 'cancelled' : 'exceeded';
    expect(enforcement.counts).toEqual({ [`client ${type}`]: 1 });
  });

  async function expectAborted(outcome: Outcome, { scope, url }: Flight): Promise<void> {
    await outcome.close();
    const method = outcome.stream.sentHeaders?.[':method'] ?? 'GET';
    expect(outcome.errors).toEqual([callErrorOf(code, `${method} ${url}/path`, scope.reason)]);
    expect(pendingAlarms()).toBe(0);
  }

  test('a call that waits for its answer is aborted', async () => {
    const under = await flight();
    const outcome = under.call();
    const { stream } = await under.arrived();
    end(under.scope);
    await expectAborted(outcome, under);
    await expectReset(stream);
    await expectUsable(under);
  });

  test('a call that is uploading is aborted, and what is piped into it fails with its error', async () => {
    const under = await flight((stream) => stream.pause());
    const outcome = under.call('POST');
    const source = new Readable({ read: () => source.push('x'.repeat(1 << 16)) });
    const piped = pipeline(source, outcome.stream).catch((error: unknown) => error);
    const { stream } = await under.arrived();
    end(under.scope);
    await expectAborted(outcome, under);
    expect(await piped).toBe(outcome.errors[0]);
    expect(source.destroyed).toBe(true);
    await expectReset(stream);
    await expectUsable(under);
  });

  test.each<[string, (outcome: Outcome) => Promise<unknown>]>([
    ['text()', ({ stream }) => text(stream)],
    ["the event 'error'", ({ stream }) => once(stream.resume(), 'error').then(([error]) => Promise.reject(error))],
    ['pipeline', ({ stream }) => pipeline(stream, drain)],
    ['for await', ({ stream }) => drain(stream)],
  ])('whoever reads the body by %s gets the error', async (_, read) => {
    const under = await flight(halfway);
    const outcome = under.call();
    await outcome.responded();
    const reading = read(outcome).catch((error: unknown) => error);
    await within(2_000, 'the first half', () => outcome.stream.readableDidRead);
    end(under.scope);
    expect(await reading).toEqual(callErrorOf(code, `GET ${under.url}/path`, under.scope.reason));
    await expectAborted(outcome, under);
    await expectReset((await under.arrived()).stream);
    await expectUsable(under);
  });

  test("a body that nobody reads is aborted as well; without a listener for 'error' it harms nobody", async () => {
    const under = await flight(halfway);
    const stream = under.scope.run(() => under.session.request());
    await once(stream, 'response');
    end(under.scope);
    await within(2_000, "'close'", () => stream.closed);
    await expectReset((await under.arrived()).stream);
    await expectUsable(under);
  });

  test('what has been uploaded is not taken for the whole', async () => {
    const events: string[] = [];
    const under = await flight((stream) => {
      for (const event of ['end', 'aborted']) stream.on(event, () => events.push(event));
      stream.resume();
    });
    const outcome = under.call('POST');
    const { stream } = await under.arrived();
    outcome.stream.write('a part');
    end(under.scope);
    await expectAborted(outcome, under);
    await expectReset(stream);
    await within(2_000, 'the stream to be gone', () => stream.destroyed);
    // As for a signal of Node's own: what reads the stream is told of the abort first.
    expect(events[0]).toBe('aborted');
  });

  test('an upload that goes on behind its answer is aborted', async () => {
    const under = await flight((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('enough');
    });
    const outcome = under.call('POST');
    outcome.stream.write('x');
    await outcome.responded();
    end(under.scope);
    await expectAborted(outcome, under);
    await expectReset((await under.arrived()).stream);
  });

  test('a call on a session that still connects is aborted at once, and never sent', async () => {
    const under = await flight(() => {}, false);
    const outcome = under.call();
    expect(under.session.connecting).toBe(true);
    end(under.scope);
    await expectAborted(outcome, under);
    await expectUsable(under);
    expect(under.arrivals.map(({ headers }) => headers[':path'])).toEqual(['/other']);
  });

  test('a call that waits because its session has as many streams as it may have is aborted, and never sent', async () => {
    const peer = await sessions.serve(halfway, { settings: { maxConcurrentStreams: 1 } });
    const session = await sessions.connect(peer.url);
    const first = new Outcome(session.request({ ':path': '/first' }));
    await first.responded();
    const scope = new OpenScope(1_000);
    const waiting = scope.run(() => new Outcome(session.request({ ':path': '/path' })));
    const later = new Outcome(session.request({ ':path': '/later' }));
    for (let i = 0; i < 5; i++) await new Promise((done) => session.ping(done));
    end(scope);
    await waiting.close();
    expect(waiting.events).toEqual(['error', 'close']);
    expect(waiting.errors).toEqual([callErrorOf(code, `GET ${peer.url}/path`, scope.reason)]);
    peer.arrivals[0]?.stream.end('the second half');
    expect(await first.body()).toBe('the first halfthe second half');
    await later.responded();
    expect(peer.arrivals.map(({ headers }) => headers[':path'])).toEqual(['/first', '/later']);
  });

  test('several streams of one scope are aborted, and those of other scopes go on', async () => {
    const under = await flight();
    const open = () => new Outcome(under.session.request());
    const others = [open(), new OpenScope().run(open)];
    const outcome = under.call();
    await under.arrived(3);
    end(under.scope);
    await expectAborted(outcome, under);
    for (const { stream } of under.arrivals.slice(0, 2)) answering(stream, {});
    for (const other of others) expect(await other.body()).toBe('answered');
    for (const other of others) await other.close();
  });

  test('a call is aborted in the tick in which it was made, with one error', async () => {
    const under = await flight();
    const outcome = under.call();
    end(under.scope);
    await expectAborted(outcome, under);
    expect(outcome.events).toEqual(['error', 'close']);
    await expectUsable(under);
  });

  test("its listeners run in the caller's context", async () => {
    const under = await flight();
    const user = createContextKey('user');
    const store = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const call = () => {
      const outcome = under.call();
      outcome.stream.on('error', () => seen.push(context.active().getValue(user), store.getStore()));
      return outcome;
    };
    under.scope.context = under.scope.context.setValue(user, 'caller');
    const outcome = store.run('caller', call);
    await under.arrived();
    store.run('canceller', () => context.with(context.active().setValue(user, 'canceller'), () => end(under.scope)));
    await outcome.close();
    expect(seen).toEqual(['caller', 'caller']);
  });
});

describe('what has ended before is released', () => {
  test.each<[string, (flight: Flight, outcome: Outcome) => unknown]>([
    ['by its answer', ({ arrivals }) => answering(arrivals[0]?.stream as ServerHttp2Stream, {})],
    ['by a reset of the server', ({ arrivals }) => arrivals[0]?.stream.close(constants.NGHTTP2_REFUSED_STREAM)],
    ['by a reset of the caller', (_, { stream }) => stream.close(constants.NGHTTP2_NO_ERROR)],
    ['by destroying the stream', (_, { stream }) => stream.destroy()],
    ['by destroying its session', ({ session }) => session.destroy()],
    ["by the server's connection", ({ arrivals }) => arrivals[0]?.stream.session?.destroy()],
  ])('%s', async (_, finish) => {
    const under = await flight();
    const outcome = under.call();
    outcome.stream.resume();
    await under.arrived();
    await finish(under, outcome);
    await outcome.close();
    expect(pendingAlarms()).toBe(0);
    const before = [...outcome.events];
    advance(1_000);
    under.scope.cancel();
    expect(outcome.events).toEqual(before);
    expect(outcome.errors.map(({ name }) => name)).not.toContain('DeadlineExceededError');
    expect(enforcement.counts).toEqual({});
  });

  test('a call in flight ends at its deadline although the server has said goaway', async () => {
    const under = await flight();
    const outcome = under.call();
    const { stream } = await under.arrived();
    stream.session?.goaway();
    await within(2_000, 'the goaway', () => under.session.closed);
    advance(1_000);
    await outcome.close();
    expect(outcome.errors).toEqual([callErrorOf('DEADLINE_EXCEEDED', `GET ${under.url}/path`, under.scope.reason)]);
    await expectReset(stream);
  });

  test('so that nothing is left on a session', async () => {
    const under = await flight(answering);
    const count = () => under.session.eventNames().map((name) => [name, under.session.listenerCount(name)]);
    expect(await under.call().body()).toBe('answered');
    const before = count();
    for (let i = 0; i < 20; i++) expect(await under.call().body()).toBe('answered');
    expect(count()).toEqual(before);
    await within(2_000, 'no alarm', () => pendingAlarms() === 0);
  });
});

describe("the caller's own limits", () => {
  test('its signal, which is earlier, gives its own error', async () => {
    const under = await flight();
    const own = new AbortController();
    const outcome = under.scope.run(() => new Outcome(under.session.request({}, { signal: own.signal })));
    await under.arrived();
    own.abort();
    await outcome.close();
    expect(outcome.errors).toEqual([expect.objectContaining({ name: 'AbortError' })]);
    expect(pendingAlarms()).toBe(0);
    expect(enforcement.counts).toEqual({});
  });

  test('its signal, which is later, does no harm', async () => {
    const under = await flight();
    const own = new AbortController();
    const outcome = under.scope.run(() => new Outcome(under.session.request({}, { signal: own.signal })));
    await under.arrived();
    advance(1_000);
    own.abort();
    await outcome.close();
    expect(outcome.errors).toEqual([callErrorOf('DEADLINE_EXCEEDED', `GET ${under.url}/`, under.scope.reason)]);
  });
});

test('a reserve ends the call before its scope', async () => {
  enforcement.propagate({ deadline: { reserve: 200 } });
  const under = await flight();
  const outcome = under.call();
  await under.arrived();
  advance(799);
  expect(outcome.errors).toEqual([]);
  advance(1);
  await outcome.close();
  expect(outcome.errors).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED' })]);
  expect(under.scope.reason).toBeUndefined();
  under.scope.complete();
});

test('observe mode counts, and ends nothing', async () => {
  enforcement.configure({ server: { http2: false }, mode: 'observe' });
  const under = await flight();
  const outcome = under.call();
  const { stream } = await under.arrived();
  advance(1_000);
  answering(stream, {});
  expect(await outcome.body()).toBe('answered');
  await outcome.close();
  expect(enforcement.counts).toEqual({ 'client exceeded': 1 });
});

test('an answer that says that the time ran out downstream is counted', async () => {
  const under = await flight((stream) => stream.respond({ ':status': 504, timebudget: '0' }, { endStream: true }));
  const outcome = under.call();
  expect(await outcome.responded()).toMatchObject({ ':status': 504 });
  outcome.stream.resume();
  await outcome.close();
  expect(enforcement.counts).toEqual({ 'client exceeded-downstream': 1 });
});

test('a call in flight goes on when the instrumentation is disabled', async () => {
  const under = await flight();
  const outcome = under.call();
  const { stream } = await under.arrived();
  enforcement.instrumentation.disable();
  advance(1_000);
  answering(stream, {});
  expect(await outcome.body()).toBe('answered');
  await outcome.close();
});

test.each([
  [200, false],
  [404, false],
  [499, true],
  [503, true],
])('an answer of %i: whether the request that made the call may fail for it: %s', async (status, expected) => {
  const { scope, call } = await flight((stream) => {
    stream.respond({ ':status': status }, { endStream: true });
  });
  const outcome = call();
  await outcome.close();
  const found = scopeAround(scope.context);
  expect(found && originOf(found).hasOwnFailure).toBe(expected);
  scope.complete();
});

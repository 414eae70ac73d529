import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { isDeadlineExceeded } from '../../../../src/errors.js';
import type { DeadlineInstrumentationConfig } from '../../../../src/instrumentation/options.js';
import { Enforcement } from '../../../support/enforcement.js';
import { within } from '../../../support/waiting.js';
import { callErrorOf, OpenScope } from '../../http/calls.js';
import { answering, Outcome, type Peer, Sessions } from '../streams.js';

const sessions = new Sessions();
const enforcement = new Enforcement({ server: { http2: false } });

/** A stream that is opened later has arrived, and is the first. */
async function expectUntouched({ arrivals }: Peer, session: ClientHttp2Session): Promise<void> {
  expect(await new Outcome(session.request({ ':path': '/control' })).body()).toBe('answered');
  expect(arrivals.map(({ headers, stream }) => [headers[':path'], stream.id])).toEqual([['/control', 1]]);
}

function cancelled(): OpenScope {
  const scope = new OpenScope();
  scope.cancel('left');
  return scope;
}

const calls: [string, (session: ClientHttp2Session) => ClientHttp2Stream][] = [
  ['without a body', (session) => session.request({ ':path': '/path?secret=1' })],
  ['with a body', (session) => session.request({ ':path': '/path', ':method': 'POST' }).end('body')],
  ['that is open', (session) => session.request({ ':path': '/path' }, { endStream: false })],
  ['with a signal', (session) => session.request({ ':path': '/path' }, { signal: new AbortController().signal })],
];

describe.each([
  ['whose time is up', 'DEADLINE_EXCEEDED', () => new OpenScope(0)],
  ['that has been cancelled', 'CANCELLED', cancelled],
] as const)('a call under a scope %s', (_, code, end) => {
  test.each(calls)('%s fails at once, and opens no stream', async (_, call) => {
    const peer = await sessions.serve(answering);
    const session = await sessions.connect(peer.url);
    const scope = end();
    const outcome = scope.run(() => new Outcome(call(session)));
    await outcome.close();
    const method = outcome.stream.sentHeaders[':method'];
    expect(outcome.events).toEqual(['error', 'close']);
    expect(outcome.errors).toEqual([callErrorOf(code, `${method} ${peer.url}/path`, scope.reason)]);
    expect(enforcement.counts).toEqual({ 'client rejected': 1 });
    await expectUntouched(peer, session);
  });
});

test('as many as there are fail, each with an error of its own', async () => {
  const peer = await sessions.serve(answering);
  const session = await sessions.connect(peer.url);
  // More than a session opens at once.
  const outcomes = new OpenScope(0).run(() => Array.from({ length: 250 }, () => new Outcome(session.request())));
  for (const outcome of outcomes) await outcome.close();
  expect(new Set(outcomes.map(({ errors }) => errors[0])).size).toBe(250);
  expect(outcomes.every(({ errors }) => errors.length === 1 && isDeadlineExceeded(errors[0]))).toBe(true);
  await expectUntouched(peer, session);
});

test('a pipeline that feeds such a call fails with the error', async () => {
  const peer = await sessions.serve(answering);
  const session = await sessions.connect(peer.url);
  const source = Readable.from(['a', 'b', 'c']);
  const piped = pipeline(
    source,
    new OpenScope(0).run(() => session.request({ ':method': 'POST' })),
  );
  await expect(piped).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', target: `POST ${peer.url}/` });
  expect(source.destroyed).toBe(true);
  await expectUntouched(peer, session);
});

test("such a call without a listener for 'error' harms nobody", async () => {
  const peer = await sessions.serve(answering);
  const session = await sessions.connect(peer.url);
  const stream = new OpenScope(0).run(() => session.request());
  await within(2_000, "'close'", () => stream.closed && stream.destroyed);
  await expectUntouched(peer, session);
});

test('such a call on a session that is not connected yet fails at once', async () => {
  const peer = await sessions.serve(answering);
  const session = sessions.open(peer.url);
  const outcome = new OpenScope(0).run(() => new Outcome(session.request()));
  expect(session.connecting).toBe(true);
  await outcome.close();
  expect(outcome.errors).toHaveLength(1);
  await expectUntouched(peer, session);
});

test.each<[string, DeadlineInstrumentationConfig, Record<string, number>]>([
  ['in observe mode', { mode: 'observe' }, { 'client rejected': 1 }],
  ['where its target is ignored', { client: { ignore: () => true } }, {}],
])('no call is refused %s', async (_, config, counts) => {
  enforcement.configure({ server: { http2: false }, ...config });
  const peer = await sessions.serve(answering);
  const session = await sessions.connect(peer.url);
  const outcome = withTimeout(0, () => new Outcome(session.request()));
  expect(await outcome.body()).toBe('answered');
  await outcome.close();
  expect(enforcement.counts).toEqual(counts);
});

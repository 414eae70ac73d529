import type { OutgoingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { ChildProcess } from '../../../support/processes/child-process.js';
import { within } from '../../../support/waiting.js';
import { callErrorOf, OpenScope } from '../../http/calls.js';
import { RawClient, Servers } from '../../http/servers.js';
import { answering, Outcome, type Peer, Sessions } from '../streams.js';

const servers = new Servers();
const sessions = new Sessions();
const enforcement = new Enforcement({ server: { http2: false } });

async function answer({ arrivals }: Peer): Promise<void> {
  for (const { stream } of arrivals) answering(stream, {});
}

describe.each<[string, OutgoingHttpHeaders]>([
  ['a tunnel (CONNECT)', { ':method': 'CONNECT', ':authority': 'stock.example:443' }],
  ['a WebSocket (RFC 8441)', { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', ':scheme': 'http' }],
])('%s is left alone', (_, headers) => {
  test.each([0, 1_000])('with %i ms', async (ms) => {
    const peer = await sessions.serve(() => {}, { settings: { enableConnectProtocol: true } });
    const session = await sessions.connect(peer.url);
    const outcome = withTimeout(ms, () => new Outcome(session.request(headers)));
    const arrived = await peer.arrived();
    expect(arrived.headers).not.toHaveProperty('timebudget');
    advance(5_000);
    await answer(peer);
    await outcome.responded();
    expect(outcome.errors).toEqual([]);
    expect(enforcement.counts).toEqual({});
    outcome.stream.destroy();
  });
});

test('a call in a suppressed context is never refused and never aborted', async () => {
  const peer = await sessions.serve();
  const session = await sessions.connect(peer.url);
  const call = () => new Outcome(session.request());
  const outcomes = [0, 500].map((ms) => {
    return withTimeout(ms, (within) => context.with(suppressTracing(within), call));
  });
  await peer.arrived(2);
  advance(500);
  await answer(peer);
  for (const outcome of outcomes) expect(await outcome.body()).toBe('answered');
  expect(enforcement.counts).toEqual({});
});

describe('a shared call', () => {
  const KEYS = '/.well-known/jwks.json';

  test.each<[string, (scope: OpenScope) => void]>([
    ['runs out of time', () => advance(500)],
    ['hangs up', (scope) => scope.cancel()],
  ])('goes on when its request %s, and carries no budget', async (_, end) => {
    const peer = await sessions.serve();
    const session = await sessions.connect(peer.url);
    const scope = new OpenScope(500);
    const headers = { ':path': KEYS, timebudget: '400' };
    const outcome = scope.run(() => new Outcome(session.request(headers)));
    const { headers: arrived } = await peer.arrived();
    expect(arrived).not.toHaveProperty('timebudget');
    end(scope);
    advance(10_000);
    await answer(peer);
    expect(await outcome.body()).toBe('answered');
    await outcome.close();
    expect(enforcement.counts).toEqual({});
  });

  test('has a limit of 30 s', async () => {
    const peer = await sessions.serve();
    const session = await sessions.connect(peer.url);
    const outcome = withTimeout(500, () => new Outcome(session.request({ ':path': KEYS })));
    await peer.arrived();
    advance(30_000);
    await outcome.close();
    expect(outcome.errors).toEqual([
      callErrorOf('DEADLINE_EXCEEDED', `GET ${peer.url}${KEYS}`, expect.objectContaining({ budget: 30_000 })),
    ]);
  });
});

describe('a call in a lost context', () => {
  test.each([
    ['warn', 'answered'],
    ['inherit', 'aborted'],
  ] as const)('is counted under lostContexts: %s, and is %s', async (mode, what) => {
    jest.spyOn(diag, 'warn').mockReturnValue();
    enforcement.configure({ lostContexts: mode });
    const peer = await sessions.serve();
    const session = await sessions.connect(peer.url);
    const outcomes: Outcome[] = [];
    const { port } = await servers.serve(() => {
      context.with(ROOT_CONTEXT, () => outcomes.push(new Outcome(session.request())));
    });
    const caller = new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 500']);
    const { headers } = await peer.arrived();
    expect(headers.timebudget).toBe(mode === 'inherit' ? '500' : undefined);
    caller.socket.destroy();
    await within(2_000, 'the hang-up', () => (enforcement.counts['server cancelled'] ?? 0) > 0);
    if (what === 'answered') await answer(peer);
    outcomes[0]?.stream.resume();
    await outcomes[0]?.close();
    expect(outcomes[0]?.errors.map(({ name }) => name)).toEqual(what === 'aborted' ? ['CallCancelledError'] : []);
    expect(enforcement.counts['client detached']).toBe(1);
  });
});

test('a process whose calls were refused ends by itself', async () => {
  const { report, code, stderr } = await ChildProcess.run(join(__dirname, '../fixtures/refused.cjs'));
  expect({ report, code, stderr }).toEqual({ report: 'DEADLINE_EXCEEDED', code: 0, stderr: '' });
});

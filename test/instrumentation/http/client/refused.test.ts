import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Enforcement } from '../../../support/enforcement.js';
import { callErrorOf, OpenScope, Outcome } from '../calls.js';
import { type Served, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();

/** A server that answers, and what proves that it was not asked. */
async function untouched(protocol: 'http' | 'https' = 'http') {
  const paths: unknown[] = [];
  const served = await servers.serve((request, response) => {
    paths.push(request.url);
    response.end('done');
  }, protocol);
  return { served, paths, expectUntouched: () => expectUntouched(served, paths) };
}

/** A call that is made later has arrived, and is the first. */
async function expectUntouched({ url, connections }: Served, paths: unknown[]): Promise<void> {
  const control = url.startsWith('https')
    ? https.get(`${url}/control`, { agent: false, rejectUnauthorized: false })
    : http.get(`${url}/control`, { agent: false });
  expect(await new Outcome(control).body()).toBe('done');
  expect({ connections: connections.length, paths }).toEqual({ connections: 1, paths: ['/control'] });
}

class OwnAgent extends http.Agent {}
const keepAlive = new http.Agent({ keepAlive: true });
afterAll(() => keepAlive.destroy());

const calls: [string, (served: Served) => ClientRequest][] = [
  ['http.get', ({ url }) => http.get(`${url}/path?secret=1`)],
  ['http.request', ({ url }) => http.request(`${url}/path`).end()],
  ['http.request with a URL and options', ({ url }) => http.request(new URL(`${url}/path`), { headers: {} }).end()],
  [
    'new ClientRequest',
    ({ port }) => new http.ClientRequest({ port, host: '127.0.0.1', path: '/path' } as never).end(),
  ],
  ['agent: false', ({ url }) => http.get(`${url}/path`, { agent: false })],
  ['an agent that keeps connections alive', ({ url }) => http.get(`${url}/path`, { agent: keepAlive })],
  ['an agent of its own class', ({ url }) => http.get(`${url}/path`, { agent: new OwnAgent() })],
  [
    'a signal and a timeout',
    ({ url }) => http.get(`${url}/path`, { timeout: 9, signal: new AbortController().signal }),
  ],
  ['headers as an array', ({ url }) => http.get(`${url}/path`, { headers: ['host', new URL(url).host] as never })],
];

describe.each([
  ['whose time is up', 'DEADLINE_EXCEEDED', () => new OpenScope(0)],
  ['that has been cancelled', 'CANCELLED', cancelled],
] as const)('a call under a scope %s', (_, code, end) => {
  test.each(calls)('by %s fails at once, and opens no socket', async (_, call) => {
    const { served, expectUntouched } = await untouched();
    const scope = end();
    const outcome = scope.run(() => new Outcome(call(served)));
    await outcome.close();
    expect(outcome.events).toEqual(['error', 'close']);
    expect(outcome.errors).toEqual([callErrorOf(code, `GET ${served.url}/path`, scope.reason)]);
    expect(enforcement.counts).toEqual({ 'client rejected': 1 });
    await expectUntouched();
  });
});

function cancelled(): OpenScope {
  const scope = new OpenScope();
  scope.cancel('left');
  return scope;
}

test('over https as well', async () => {
  const { served, expectUntouched } = await untouched('https');
  const outcome = new OpenScope(0).run(() => new Outcome(https.get(`${served.url}/path`)));
  await outcome.close();
  expect(outcome.errors).toEqual([callErrorOf('DEADLINE_EXCEEDED', `GET ${served.url}/path`, expect.anything())]);
  await expectUntouched();
});

test('over a connection that the call makes itself, nothing is sent', async () => {
  const { served, paths } = await untouched();
  const createConnection = () => connect(served.port, '127.0.0.1');
  const outcome = new OpenScope(0).run(() => new Outcome(http.get(`${served.url}/path`, { createConnection })));
  await outcome.close();
  expect(outcome.events).toEqual(['error', 'close']);
  expect(outcome.errors).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED' })]);
  expect(await new Outcome(http.get(`${served.url}/control`, { agent: false })).body()).toBe('done');
  expect(paths).toEqual(['/control']);
});

describe('a call that fails at once', () => {
  test('with a body: neither write nor end break', async () => {
    const { served, expectUntouched } = await untouched();
    const outcome = new OpenScope(0).run(() => new Outcome(http.request(served.url, { method: 'POST' })));
    outcome.request.write('a'.repeat(100_000));
    outcome.request.end('b');
    await outcome.close();
    expect(outcome.events).toEqual(['error', 'close']);
    await expectUntouched();
  });

  test('breaks the pipeline that feeds it, with the error', async () => {
    const { served, expectUntouched } = await untouched();
    const source = Readable.from(['a', 'b', 'c']);
    const request = new OpenScope(0).run(() => http.request(served.url, { method: 'POST' }));
    // From Node 24 on nothing can be piped into a destroyed request.
    expect(request.destroyed).toBe(false);
    const piped = pipeline(source, request);
    await expect(piped).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', target: `POST ${served.url}/` });
    expect(source.destroyed).toBe(true);
    await expectUntouched();
  });

  test("without a listener for 'error' harms nobody", async () => {
    const { served, expectUntouched } = await untouched();
    const request = new OpenScope(0).run(() => http.get(served.url, () => {}));
    await new Promise((resolve) => request.once('close', resolve));
    await expectUntouched();
  });

  test("tells a listener for 'error' that is added behind it", async () => {
    const { served } = await untouched();
    const request = new OpenScope(0).run(() => http.get(served.url));
    const error = await new Promise((resolve) => request.once('error', resolve));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('has an error of its own, which tells its target to those who look for it alone', async () => {
    const { served } = await untouched();
    const scope = new OpenScope(0);
    const outcomes = scope.run(() => ['/one', '/two'].map((path) => new Outcome(http.get(served.url + path))));
    for (const outcome of outcomes) await outcome.close();
    const errors = outcomes.map((outcome) => outcome.errors[0] as Error & { target: string });
    expect(errors.map(({ target }) => target)).toEqual([`GET ${served.url}/one`, `GET ${served.url}/two`]);
    for (const error of errors) {
      expect(Object.keys(error)).not.toContain('target');
      expect(error.message).not.toContain('127.0.0.1');
    }
  });
});

test('in observe mode the call is made, and counted once', async () => {
  enforcement.configure({ mode: 'observe' });
  const { served } = await untouched();
  const outcome = new OpenScope(0).run(() => new Outcome(http.get(served.url, { agent: false })));
  expect(await outcome.body()).toBe('done');
  await outcome.close();
  // The server, in the same process, gets the budget of 0.
  expect(enforcement.counts).toEqual({ 'client rejected': 1, 'server rejected': 1 });
});

import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import { context as contextApi, type DiagLogger, diag, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { abortSignal, throwIfExceeded } from '../../../src/context/context-deadline.js';
import { setScope } from '../../../src/context/context-scope.js';
import { Deadline } from '../../../src/context/deadline.js';
import { Scope } from '../../../src/context/scope/scope.js';
import { withTimeout } from '../../../src/context/with-scope.js';
import type { EndReason } from '../../../src/errors.js';
import { statusOf } from '../../../src/index.js';
import { statusForRequest } from '../../../src/instrumentation/inbound/others-ends.js';
import { Enforcement } from '../../support/enforcement.js';
import { within } from '../../support/waiting.js';
import { RawClient, Servers } from '../http/servers.js';

const servers = new Servers();
const enforcement = new Enforcement();
const get = ['GET / HTTP/1.1', 'connection: close'];

const warn = jest.fn();
beforeEach(() => {
  const ignored = () => {};
  const logger: DiagLogger = { error: ignored, warn, info: ignored, debug: ignored, verbose: ignored };
  diag.setLogger(logger, { suppressOverrideMessage: true });
  warn.mockClear();
});
afterEach(() => diag.disable());
const warned = (part: string): string[] => warn.mock.calls.map(([text]) => text).filter((text) => text.includes(part));

const foreign = () => enforcement.events.filter(({ type }) => type === 'foreign').length;

type Answer = (response: http.ServerResponse, error: EndReason) => unknown;

const byStatus: Answer = (response, { status }) => response.writeHead(status).end();

/** Requests that wait for one call to `path`; the first hangs up. Returns the statuses that the others are answered. */
async function share(path: string, others: number, answer = byStatus): Promise<number[]> {
  const silent = await servers.serve(() => {});
  const called = once(silent.server, 'request');
  let call: Promise<unknown> | undefined;
  let waiting = 0;
  const { port } = await servers.serve(async (_, response) => {
    call ??= once(http.get(silent.url + path, { agent: false }), 'response');
    waiting++;
    await call.catch((error: EndReason) => answer(response, error));
  });
  const first = new RawClient(port).send(get);
  await called;
  const rest = Array.from({ length: others }, () => new RawClient(port).send(get));
  await within(2_000, 'all to wait', () => waiting === 1 + others);
  first.socket.destroy();
  await Promise.all(rest.map((client) => client.end()));
  return rest.map(({ text }) => Number(text.split(' ')[1]));
}

test('each request that fails with the end of another counts once, however often its status is read', async () => {
  const answered = await share('/counted', 2, (response, error) => {
    void [error.status, error.statusCode, statusOf(error)];
    byStatus(response, error);
  });
  expect(answered).toEqual([500, 500]);
  expect(foreign()).toBe(2);
});

test.each<[string, Answer]>([
  ['reads the status and gets over it', (response, { status }) => response.writeHead(status === 500 ? 200 : 201).end()],
  ['does not read it', (response) => response.writeHead(200).end()],
])('a request that %s does not count, and the log names nothing', async (_, answer) => {
  expect(await share('/read', 2, answer)).toEqual([200, 200]);
  expect(foreign()).toBe(0);
  expect(warned('/read')).toEqual([]);
});

test('one that fails by its own end does not count', async () => {
  await share('/alone', 0);
  expect(foreign()).toBe(0);
});

test('the log names each call once, without its query, and at most 100 of them', async () => {
  await share('/page/0?secret=1', 2);
  expect(warned('/page/')).toEqual([expect.stringMatching(/GET http:\S+\/page\/0 that/)]);
  expect(warned('/page/')[0]).toMatch(/caller no longer waits.*shared\(\).*detach\(\).*client\.shared/);
  for (let page = 1; page <= 100; page++) await share(`/page/${page}`, 1);
  expect(warned('/page/').length).toBeLessThanOrEqual(100);
  expect(warned('/page/').length).toBeGreaterThan(90);
});

test.each([499, 504])('without a context manager, the end of another request is no %d', async (status) => {
  contextApi.disable();
  let reason: EndReason | undefined;
  const { port } = await servers.serve((request, response) => {
    const context = propagation.extract(ROOT_CONTEXT, request.headers);
    if (reason !== undefined) {
      byStatus(response, reason);
      return;
    }
    const signal = abortSignal(context);
    signal?.addEventListener('abort', () => {
      reason = signal.reason;
      response.end();
    });
  });
  const first = new RawClient(port).send(status === 504 ? [...get, 'timebudget: 50'] : get);
  await within(2_000, 'a request', () => first.socket.bytesWritten > 0);
  await new Promise((turn) => setImmediate(turn));
  await within(2_000, 'its end', () => {
    if (status === 504) jest.advanceTimersByTime(10);
    else first.socket.destroy();
    return reason !== undefined;
  });
  const second = new RawClient(port).send(get);
  await second.end();
  expect(reason?.status).toBe(status);
  expect(second.text).toMatch(/^HTTP\/1\.1 500 Internal Server Error/);
  expect(foreign()).toBe(1);
});

describe('an answer of 504 while the error of another request has been asked for its status', () => {
  class Request {
    readonly scope = new Scope(undefined, Deadline.after(100_000), 'owned');
    readonly context = setScope(ROOT_CONTEXT, this.scope);

    constructor() {
      this.scope.handler = { awaitSettled: () => true };
    }

    run<T>(fn: () => T): T {
      return contextApi.with(this.context, fn);
    }

    /** The status of the error by which `fn` fails inside of this request. */
    statusOf(fn: () => unknown): number {
      return this.run(() => {
        try {
          fn();
        } catch (error) {
          return (error as EndReason).status;
        }
        throw new Error('did not fail');
      });
    }
  }
  const timedOut = () => withTimeout(0, () => throwIfExceeded());

  afterEach(() => new Promise((turn) => setImmediate(turn)));

  test('is 500', () => {
    new Request().statusOf(timedOut);
    expect(statusForRequest(504, new Request().scope)).toBe(500);
  });

  test.each<[string, (request: Request) => unknown]>([
    ['whose own work has timed out', (request) => request.statusOf(timedOut)],
    ['whose own work timed out long ago', (request) => request.run(() => withTimeout(0, () => abortSignal()?.aborted))],
    ['that is at its end', (request) => request.scope.cancel()],
  ])('stays in a request %s', (_, prepare) => {
    new Request().statusOf(timedOut);
    const request = new Request();
    prepare(request);
    expect(statusForRequest(504, request.scope)).toBe(504);
  });

  test('stays in a later turn, and where another status was read', async () => {
    new Request().statusOf(timedOut);
    const { scope } = new Request();
    expect(statusForRequest(499, scope)).toBe(499);
    await new Promise((turn) => setImmediate(turn));
    expect(statusForRequest(504, scope)).toBe(504);
  });

  test.each<[string, RequestListener]>([
    ['was answered 504', (_, response) => response.writeHead(504).end()],
    ['got no answer', (request) => request.socket.destroy()],
  ])('stays in a request of which a call %s', async (_, serve) => {
    const backend = await servers.serve(serve);
    const request = new Request();
    const call = request.run(() => http.get(backend.url, { agent: false }));
    call.on('response', (response) => response.resume()).on('error', () => {});
    await new Promise((closed) => call.on('close', closed));
    new Request().statusOf(timedOut);
    expect(statusForRequest(504, request.scope)).toBe(504);
  });

  test('is 500 in a request whose calls have all been answered', async () => {
    const backend = await servers.serve((_, response) => response.end());
    const request = new Request();
    const call = request.run(() => http.get(backend.url, { agent: false }));
    call.on('response', (response) => response.resume());
    await new Promise((closed) => call.on('close', closed));
    new Request().statusOf(timedOut);
    expect(statusForRequest(504, request.scope)).toBe(500);
    request.scope.completeAnswered();
  });
});

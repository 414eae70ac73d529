import { context, propagation } from '@opentelemetry/api';
import { abortSignal } from '../../../src/context/context-deadline.js';
import { withCancel, withTimeout } from '../../../src/context/with-scope.js';
import { DeadlineInstrumentation } from '../../../src/instrumentation/deadline-instrumentation.js';
import { callError } from '../../../src/instrumentation/outbound/call-error.js';
import { createPropagator } from '../../../src/propagation/create-propagator.js';
import { registerGlobals } from '../../support/open-telemetry.cjs';
import { Origin } from './origin.js';

// The wrapper of global fetch, in this process. A test runner is a realm of its own, whose errors Node's fetch takes
// for none, and where it does not keep its agent.

const origin = new Origin();
const nodesFetch = globalThis.fetch;
let enforcement: DeadlineInstrumentation;

beforeEach(() => {
  registerGlobals({ textMapPropagator: createPropagator() });
  enforcement = new DeadlineInstrumentation({ server: { admission: false } });
});
afterEach(() => {
  enforcement.disable();
  globalThis.fetch = nodesFetch;
  context.disable();
  propagation.disable();
});

/** What a call rejects with, and the reason for which its scope has ended. */
const rejected = (fn: () => Promise<unknown>) =>
  fn().then(
    () => Promise.reject(new Error('it was answered')),
    (error) => ({ error, reason: abortSignal()?.reason }),
  );

test('looks like the function that it stands before', () => {
  expect(globalThis.fetch).not.toBe(nodesFetch);
  expect({ name: fetch.name, length: fetch.length }).toEqual({ name: nodesFetch.name, length: nodesFetch.length });
});

test.each([
  ['a text', () => origin.url('/answer')],
  ['a URL', () => new URL(origin.url('/answer'))],
  ['a Request', () => new Request(origin.url('/answer'))],
])('%s is fetched, or refused when no time is left', async (_, input) => {
  expect(await withTimeout(5000, async () => (await fetch(input())).text())).toBe('answered');
  const { error, reason } = await withTimeout(0, () => rejected(() => fetch(input(), { method: 'post' })));
  expect(error).toBe(reason);
  expect(error.target).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/answer$/);
  expect(origin.arrivals).toHaveLength(1);
});

test('a call that is aborted rejects with the reason itself', async () => {
  const timeUp = await withTimeout(100, () => rejected(() => fetch(origin.url('/silence'))));
  expect(timeUp.error).toBe(timeUp.reason);
  const cancelled = await withCancel((_, cancel) => {
    setTimeout(cancel, 100, 'the caller has gone');
    return rejected(() => fetch(origin.url('/silence')));
  });
  expect(cancelled.error).toBe(cancelled.reason);
});

test('so does one that went through a dispatcher of another undici, where nobody sees that it is fetch’s', async () => {
  enforcement.disable();
  globalThis.fetch = async () => {
    const reason = abortSignal()?.reason;
    throw new TypeError('fetch failed', { cause: callError(reason, 'GET http://x/') });
  };
  enforcement.enable();
  const { error, reason } = await withTimeout(0, () => rejected(() => fetch('data:,never refused')));
  expect(error).toBe(reason);
  expect(error.target).toBe('GET http://x/');
});

test.each([['an answer that is given without the network', () => fetch('data:text/plain,here'), 'here']])(
  '%s is given even when no time is left',
  async (_, call, text) => {
    expect(await withTimeout(0, async () => (await call()).text())).toBe(text);
  },
);

test.each([
  ['a URL that is none', () => fetch('http://'), TypeError.name],
  ['nothing', () => (fetch as () => Promise<unknown>)(), TypeError.name],
  ['an address where nobody listens', () => fetch('http://127.0.0.1:1/'), TypeError.name],
  ['a signal that has aborted', () => fetch(origin.url(), { signal: AbortSignal.abort() }), 'AbortError'],
])('%s fails as it does without us', async (_, call, name) => {
  const { error } = await withTimeout(5000, () => rejected(call));
  expect(error.name).toBe(name);
  const { error: plain } = await rejected(() => withoutScope(call));
  expect([error.name, error.message]).toEqual([plain.name, plain.message]);
});

describe('a call that is refused', () => {
  const upload = (body: unknown) => ({ method: 'POST', body, duplex: 'half' }) as RequestInit;

  /** The source of a body, and what it was cancelled for. */
  function source() {
    const cancel = jest.fn();
    return { stream: new ReadableStream({ cancel }), cancel };
  }

  test.each<[string, (url: string, stream: ReadableStream) => Promise<unknown>]>([
    ['its body', (url, stream) => fetch(url, upload(stream))],
    ['that of a Request', (url, stream) => fetch(new Request(url, upload(stream)))],
  ])('cancels %s', async (_, call) => {
    const { stream, cancel } = source();
    const { reason } = await withTimeout(0, () => rejected(() => call(origin.url(), stream)));
    expect(cancel.mock.calls).toEqual([[reason]]);
  });

  test('harms no body that somebody else reads, nor one that is text', async () => {
    const { stream, cancel } = source();
    stream.getReader();
    for (const body of [stream, 'text', null]) {
      const { error, reason } = await withTimeout(0, () => rejected(() => fetch(origin.url(), upload(body))));
      expect(error).toBe(reason);
    }
    expect(cancel).not.toHaveBeenCalled();
  });
});

test('a stub that somebody has put in is called as it is', async () => {
  enforcement.disable();
  const stub = jest.fn(() => 'not even a promise');
  globalThis.fetch = stub as unknown as typeof fetch;
  enforcement.enable();
  expect(withTimeout(5000, () => (fetch as unknown as (url: string) => string)('http://x/'))).toBe(
    'not even a promise',
  );
  expect(stub).toHaveBeenCalledWith('http://x/');
});

test('under a wrapper of somebody else it stays, and does nothing when disabled', async () => {
  const ours = globalThis.fetch;
  const theirs: typeof fetch = (...args) => ours(...args);
  globalThis.fetch = theirs;
  enforcement.disable();
  expect(globalThis.fetch).toBe(theirs);
  expect(await withTimeout(0, async () => (await fetch(origin.url('/answer'))).text())).toBe('answered');
  enforcement.enable();
  const { error, reason } = await withTimeout(0, () => rejected(() => fetch(origin.url('/answer'))));
  expect(error).toBe(reason);
});

function withoutScope<T>(call: () => T): T {
  enforcement.disable();
  return call();
}

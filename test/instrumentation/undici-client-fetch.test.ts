import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { abortSignal } from '../../src/context/context-deadline.js';
import { withCancel, withTimeout } from '../../src/context/with-scope.js';
import { DeadlineInstrumentation } from '../../src/instrumentation/deadline-instrumentation.js';
import { createPropagator } from '../../src/propagation/create-propagator.js';
import { Origin } from './undici-origin.js';

// The wrapper of global fetch, in this process. A test runner is a realm of its own, whose errors Node's fetch takes
// for none, and where it does not keep its agent.

const origin = new Origin();
const nodesFetch = globalThis.fetch;
let enforcement: DeadlineInstrumentation;

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(createPropagator());
  enforcement = new DeadlineInstrumentation();
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

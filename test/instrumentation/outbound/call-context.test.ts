import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { getDeadline, setDeadline } from '../../../src/context/context-deadline.js';
import { getScope } from '../../../src/context/context-scope.js';
import { Deadline } from '../../../src/context/deadline.js';
import { contextOfCall, isSharedCall, scopeOfCall } from '../../../src/instrumentation/outbound/call-context.js';
import { advance, useFakeClock } from '../../support/fake-clock.js';

useFakeClock();

const key = createContextKey('of the application');
const inRequest = () => setDeadline(ROOT_CONTEXT, Deadline.after(500)).setValue(key, 'kept');
const shared = (active: Context, lifecycle?: 'owned') => contextOfCall(active, 'undici', () => true, lifecycle);
const never = () => {
  throw new Error('asked');
};

test('the context of a call that is not shared is the active one', () => {
  const active = inRequest();
  expect(contextOfCall(active, 'undici', () => false)).toBe(active);
  expect(scopeOfCall(active)).toBe(getScope(active));
});

test('a shared call has no deadline of its request, a limit that is not sent, and all else of the context', () => {
  const context = shared(inRequest());
  expect(isSharedCall(context)).toBe(true);
  expect(getDeadline(context)).toBeUndefined();
  expect(scopeOfCall(context)?.effectiveDeadline()?.budget).toBe(30_000);
  expect(context.getValue(key)).toBe('kept');
});

test.each([
  ['nothing binds', () => ROOT_CONTEXT],
  ['is telemetry', () => suppressTracing(inRequest())],
])('a call that %s is not asked about', (_, active) => {
  expect(scopeOfCall(contextOfCall(active(), 'undici', never))).toBeUndefined();
});

test('telemetry inside of a shared call is bound by nothing', () => {
  expect(scopeOfCall(suppressTracing(shared(inRequest())))).toBeUndefined();
});

describe('a call that is made later in the context of a shared call', () => {
  test('is no part of it: a connection keeps the context of the call that has opened it', () => {
    const context = contextOfCall(shared(inRequest()), 'undici', never);
    expect(scopeOfCall(context)).toBeUndefined();
    expect(getDeadline(context)).toBeUndefined();
  });

  test('is part of it while the code that owns its scope has not completed it', () => {
    const first = shared(inRequest(), 'owned');
    const scope = scopeOfCall(first);
    advance(10_000);
    const second = contextOfCall(first, 'undici', never);
    expect(scopeOfCall(second)).toBe(scope);
    scope?.complete();
    expect(scopeOfCall(second)).toBeUndefined();
  });
});

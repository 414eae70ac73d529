import { Deadline } from '../../../src/context/deadline.js';
import { Scope } from '../../../src/context/scope/scope.js';
import { hasObservedCancel, observeCancel } from '../../../src/instrumentation/outbound/observed-cancel.js';
import { advance, useFakeClock } from '../../support/fake-clock.js';

useFakeClock();

const LINGER = 30_000;

/** The scope of a request whose handler has a promise that is pending, or not. */
function ofRequest(ms: number | undefined, pending = false): Scope & { handler: { awaitSettled: jest.Mock } } {
  const scope = new Scope(undefined, ms === undefined ? undefined : Deadline.after(ms), 'owned');
  scope.handler = { awaitSettled: jest.fn(() => pending) };
  return scope as Scope & { handler: { awaitSettled: jest.Mock } };
}

const endings: [string, () => ReturnType<typeof ofRequest>][] = [
  [
    'a cancelled one',
    () => {
      const scope = ofRequest(undefined);
      scope.cancel();
      return scope;
    },
  ],
  [
    'one whose deadline has passed',
    () => {
      const scope = ofRequest(10);
      advance(10);
      expect(scope.ended()).toBeDefined();
      return scope;
    },
  ],
];

describe.each(endings)('the scope of a request, %s', (_, end) => {
  test('binds for 30 s after its end, and then completes by itself', () => {
    const scope = end();
    advance(LINGER - 1);
    expect(scope.remaining()).toBe(0);
    expect(scope.live()).toBe(scope);
    advance(1);
    expect(scope.remaining()).toBe(Number.POSITIVE_INFINITY);
    expect(scope.live()).toBeUndefined();
  });

  test('is remembered as ended', () => {
    const scope = end();
    const reason = scope.ended()?.reason;
    advance(LINGER);
    expect(scope.live()).toBeUndefined();
    expect(scope.outcome()?.reason).toBe(reason);
  });

  test('binds as long as its handler is at work', () => {
    const scope = end();
    scope.handler.awaitSettled.mockReturnValue(true);
    advance(100 * LINGER);
    expect(scope.remaining()).toBe(0);
    scope.handler.awaitSettled.mockReturnValue(false);
    expect(scope.remaining()).toBe(Number.POSITIVE_INFINITY);
  });

  test('leaves new work below it unbound', () => {
    const scope = end();
    advance(LINGER);
    const below = new Scope(scope.live(), Deadline.after(50), 'owned');
    expect(below.remaining()).toBe(50);
    expect(below.ended()).toBeUndefined();
    below.complete();
  });

  test('keeps work below it ended that it has ended', () => {
    const scope = end();
    const below = new Scope(scope, undefined, 'owned');
    const reason = below.ended()?.reason;
    expect(reason).toBeDefined();
    advance(LINGER);
    expect(below.ended()?.reason).toBe(reason);
  });
});

test('the first look comes long after the deadline: it finds a scope that has completed', () => {
  const scope = ofRequest(10);
  advance(10 + LINGER);
  expect(scope.ended()).toBeUndefined();
  expect(scope.remaining()).toBe(Number.POSITIVE_INFINITY);
});

test('the handler is not asked while the request is live', () => {
  const scope = ofRequest(100_000);
  advance(2 * LINGER);
  expect(scope.remaining()).toBe(40_000);
  expect(scope.handler.awaitSettled).not.toHaveBeenCalled();
});

test('the scope of withTimeout stays ended until its function has settled', () => {
  const scope = new Scope(undefined, Deadline.after(10), 'owned');
  advance(10 + 2 * LINGER);
  expect(scope.remaining()).toBe(0);
});

test('observe mode: a request without a deadline counts no calls for ever', () => {
  const scope = ofRequest(undefined);
  observeCancel(scope);
  expect(hasObservedCancel(scope)).toBe(true);
  advance(LINGER);
  expect(scope.live()).toBeUndefined();
});

test('the first look, through a scope below, comes long after the end', () => {
  const scope = ofRequest(10);
  const below = new Scope(scope, undefined, 'owned');
  advance(10 + LINGER);
  expect(below.ended()).toBeUndefined();
  below.complete();
});

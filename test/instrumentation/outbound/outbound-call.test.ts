import { ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { deleteDeadline } from '../../../src/context/context-deadline.js';
import { getScope, setScope } from '../../../src/context/context-scope.js';
import { Deadline } from '../../../src/context/deadline.js';
import { Scope } from '../../../src/context/scope/scope.js';
import {
  CallCancelledError,
  DeadlineExceededError,
  type EndReason,
  isCallCancelled,
  isDeadlineExceeded,
} from '../../../src/errors.js';
import { type DeadlineEvent, listen } from '../../../src/events.js';
import { callError } from '../../../src/instrumentation/outbound/call-error.js';
import { observeCancel } from '../../../src/instrumentation/outbound/observed-cancel.js';
import { bindCall, releaseCallsInFlight } from '../../../src/instrumentation/outbound/outbound-call.js';
import { refuseCall } from '../../../src/instrumentation/outbound/refuse-call.js';
import { pendingAlarms } from '../../../src/time/alarms.js';
import { now } from '../../../src/time/clock.js';
import { advance, block, useFakeClock } from '../../support/fake-clock.js';

useFakeClock();

class Transport {
  readonly name = 'http';
  readonly aborted: EndReason[] = [];
  constructor(readonly enforce = true) {}
  abort(reason: EndReason): void {
    this.aborted.push(reason);
  }
}

const nothing = Number.POSITIVE_INFINITY;
const events: DeadlineEvent[] = [];
let stopListening: () => void;
beforeEach(() => {
  events.length = 0;
  stopListening = listen((event) => events.push(event));
});
afterEach(() => stopListening());

/** A scope of `ms`, and a call under it. */
function start(ms: number, stamped = nothing, enforce = true) {
  const scope = new Scope(undefined, ms === nothing ? undefined : Deadline.after(ms), 'owned');
  const transport = new Transport(enforce);
  const call = bindCall(scope, transport, stamped + now());
  if (call === undefined) throw new Error('the call is not bound');
  return { scope, transport, call };
}

const exceeded = { type: 'exceeded', side: 'client', transport: 'http', inherited: false };
const cancelled = { type: 'cancelled', side: 'client', transport: 'http' };

describe('a call is aborted once', () => {
  test('when the deadline passes', () => {
    const { scope, transport } = start(100);
    advance(99);
    expect(transport.aborted).toEqual([]);
    advance(1);
    expect(transport.aborted).toEqual([scope.ended()?.reason]);
    scope.cancel();
    expect(transport.aborted).toHaveLength(1);
    expect(events).toEqual([exceeded]);
  });

  test('when the scope is cancelled', () => {
    const { scope, transport } = start(nothing);
    scope.cancel('gone');
    expect(transport.aborted).toEqual([scope.ended()?.reason]);
    expect(isCallCancelled(transport.aborted[0])).toBe(true);
    expect(events).toEqual([cancelled]);
  });

  test('when what it was told runs out, before the deadline', () => {
    const { scope, transport } = start(100, 80);
    advance(79);
    expect(transport.aborted).toEqual([]);
    advance(1);
    expect(transport.aborted).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED', budget: 100, spent: 80 })]);
    expect(scope.ended()).toBeUndefined();
    advance(20);
    expect(transport.aborted).toHaveLength(1);
    scope.completeAnswered();
  });

  test('at the deadline, when it was told more', () => {
    const { transport } = start(100, 5_000);
    advance(100);
    expect(transport.aborted).toHaveLength(1);
  });

  test('when the event loop was blocked past the deadline, and for that reason, not for a later cancellation', () => {
    const { scope, transport } = start(100);
    block(500);
    scope.cancel();
    expect(transport.aborted.map(isDeadlineExceeded)).toEqual([true]);
  });

  test('at once when the scope has ended already', () => {
    const { transport } = start(0);
    expect(transport.aborted).toHaveLength(1);
  });

  test('when a scope above ends', () => {
    const parent = new Scope(undefined, undefined, 'owned');
    const scope = new Scope(parent, Deadline.after(100), 'owned');
    const transport = new Transport();
    bindCall(scope, transport, nothing);
    parent.cancel();
    expect(transport.aborted).toEqual([parent.ended()?.reason]);
  });
});

describe('a call is left alone', () => {
  test('once it is released', () => {
    const { scope, transport, call } = start(100, 50);
    call.release();
    call.release();
    expect(pendingAlarms()).toBe(0);
    expect(scope.watch).toBeUndefined();
    advance(100);
    scope.cancel();
    expect(transport.aborted).toEqual([]);
    expect(events).toEqual([]);
  });

  test('once the request that it was made for has been answered', () => {
    const { scope, transport } = start(100, 50);
    scope.completeAnswered();
    expect(pendingAlarms()).toBe(0);
    advance(100);
    expect(transport.aborted).toEqual([]);
  });

  test('where nothing binds it', () => {
    const scope = new Scope(undefined, Deadline.after(100), 'owned');
    const bound = setScope(ROOT_CONTEXT, scope);
    const ended = new Scope(undefined, Deadline.after(0), 'owned');
    for (const context of [ROOT_CONTEXT, suppressTracing(bound), deleteDeadline(bound)]) {
      expect(bindCall(getScope(context), new Transport(), 10)).toBeUndefined();
      expect(refuseCall(getScope(context), 'http', true)).toBeUndefined();
    }
    expect(refuseCall(ended, 'http', true)).toBe(ended.ended()?.reason);
  });

  test('in observe mode, and counted', () => {
    const { transport } = start(100, nothing, false);
    advance(100);
    expect(transport.aborted).toEqual([]);
    expect(events).toEqual([exceeded]);
  });

  test('in observe mode, when it was too late from the start: that has been counted', () => {
    const scope = new Scope(undefined, Deadline.after(0), 'owned');
    expect(refuseCall(scope, 'http', false)).toBeUndefined();
    expect(bindCall(scope, new Transport(false), 0)).toBeUndefined();
    expect(events).toEqual([{ type: 'rejected', side: 'client', transport: 'http' }]);
  });
});

describe('a call whose own scope has completed, as withTimeout around it has settled', () => {
  test('keeps that deadline', () => {
    const { scope, transport } = start(100);
    scope.complete();
    advance(99);
    expect(transport.aborted).toEqual([]);
    advance(1);
    expect(transport.aborted).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED', budget: 100 })]);
  });

  test('is aborted by the scope above', () => {
    const parent = new Scope(undefined, undefined, 'owned');
    const scope = new Scope(parent, Deadline.after(100), 'owned');
    const transport = new Transport();
    bindCall(scope, transport, nothing);
    scope.complete();
    parent.cancel();
    expect(transport.aborted).toEqual([parent.ended()?.reason]);
  });

  test('is released when the scope above has been answered', () => {
    const parent = new Scope(undefined, Deadline.after(1_000), 'owned');
    const scope = new Scope(parent, Deadline.after(100), 'owned');
    const transport = new Transport();
    bindCall(scope, transport, nothing);
    scope.complete();
    parent.completeAnswered();
    expect(pendingAlarms()).toBe(0);
    advance(1_000);
    expect(transport.aborted).toEqual([]);
  });
});

describe('where nothing is enforced, a scope whose caller has gone', () => {
  /** A call for the request, one for another, and both scopes. */
  function hangUpOne() {
    const [request, other] = [1, 2].map(() => new Scope(undefined, Deadline.after(500), 'owned')) as [Scope, Scope];
    const own = new Scope(request, Deadline.after(100), 'owned');
    for (const scope of [own, other]) bindCall(scope, new Transport(false), nothing);
    observeCancel(request);
    return { request, other, own };
  }

  test('goes on, and each call in flight for it is counted once', () => {
    const { request, other } = hangUpOne();
    expect(events).toEqual([cancelled]);
    expect(request.ended()).toBeUndefined();
    advance(100);
    expect(events).toEqual([cancelled]);
    other.completeAnswered();
  });

  test('lets each later call go, and counts it as rejected', () => {
    const { request, other, own } = hangUpOne();
    for (const scope of [request, own, other]) {
      expect(refuseCall(scope, 'http', false)).toBeUndefined();
    }
    expect(bindCall(own, new Transport(false), nothing)).toBeUndefined();
    const rejected = { type: 'rejected', side: 'client', transport: 'http' };
    expect(events).toEqual([cancelled, rejected, rejected]);
    other.completeAnswered();
  });
});

describe('the error of a call', () => {
  const target = 'GET http://stock:8080/items';

  test.each([
    ['DEADLINE_EXCEEDED', new DeadlineExceededError({ budget: 100, inherited: true, spent: 101.5 })],
    ['CANCELLED', new CallCancelledError()],
  ])('%s is one of its own: with the target, and the reason as its cause', (code, reason) => {
    const error = callError(reason, target);
    expect(error).not.toBe(reason);
    expect(error).toMatchObject({ code, target, cause: reason, message: reason.message, status: reason.status });
    expect(Object.keys(error)).not.toContain('target');
    expect(isDeadlineExceeded(error)).toBe(code === 'DEADLINE_EXCEEDED');
    expect((reason as { target?: string }).target).toBeUndefined();
  });
});

test('all calls in flight may be released at once', () => {
  const calls = [start(100), start(nothing), start(150), start(200, 50)];
  calls[1]?.call.release();
  releaseCallsInFlight();
  expect(pendingAlarms()).toBe(0);
  advance(100);
  for (const { scope, transport } of calls) {
    scope.cancel();
    expect(scope.watch).toBeUndefined();
    expect(transport.aborted).toEqual([]);
  }
  expect(events).toEqual([]);
  // A call that has ended in the meantime is no longer known.
  releaseCallsInFlight();
});

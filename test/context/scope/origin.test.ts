import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { throwIfExceeded } from '../../../src/context/context-deadline.js';
import { setScope } from '../../../src/context/context-scope.js';
import { Deadline } from '../../../src/context/deadline.js';
import { isOthersEnd, observeRequests } from '../../../src/context/scope/origin.js';
import { Scope } from '../../../src/context/scope/scope.js';
import { shared } from '../../../src/context/shared/shared.js';
import { detach, withCancel, withTimeout } from '../../../src/context/with-scope.js';
import { CallCancelledError, DeadlineExceededError, type EndReason } from '../../../src/errors.js';
import { callError } from '../../../src/instrumentation/outbound/call-error.js';
import { createPropagator } from '../../../src/propagation/create-propagator.js';
import { withCaller } from '../../../src/propagation/with-caller.js';
import { advance, useFakeClock } from '../../support/fake-clock.js';
import { registerGlobals } from '../../support/open-telemetry.cjs';

useFakeClock();
beforeEach(() => registerGlobals({ textMapPropagator: createPropagator() }));
afterEach(() => {
  for (const api of [context, propagation]) api.disable();
});

/** A request that is served. */
class Request {
  readonly scope: Scope;
  readonly context: Context;

  constructor(above?: Scope) {
    this.scope = new Scope(above, Deadline.after(100_000), 'owned');
    this.scope.handler = { awaitSettled: () => true };
    this.context = setScope(ROOT_CONTEXT, this.scope);
  }

  run<T>(fn: () => T): T {
    return context.with(this.context, fn);
  }

  /** What frameworks read inside of this request. */
  statusOf(error: EndReason): number {
    expect(this.run(() => error.statusCode)).toBe(this.run(() => error.status));
    return this.run(() => error.status);
  }
}

function thrown(fn: () => unknown): EndReason {
  try {
    fn();
  } catch (error) {
    return error as EndReason;
  }
  throw new Error('nothing was thrown');
}

/** The error of work that has 0 ms of its own. */
const timedOut = () => thrown(() => withTimeout(0, () => throwIfExceeded()));

const hungUp = (request: Request) => {
  request.scope.cancel();
  return thrown(() => request.run(() => throwIfExceeded()));
};

const ranOut = (request: Request) => {
  advance(100_000);
  return thrown(() => request.run(() => throwIfExceeded()));
};

const ends: [string, (request: Request) => EndReason, number][] = [
  ['a hang-up', hungUp, 499],
  ['its deadline', ranOut, 504],
  ['a timeout inside of it', (request) => request.run(timedOut), 504],
  ['a timeout inside of it, under detach', (request) => request.run(() => detach(timedOut)), 504],
  [
    'a timeout below another one, under detach',
    (request) => request.run(() => detach(() => withTimeout(1, timedOut))),
    504,
  ],
  [
    'a timeout inside of it, in a fresh context',
    (request) => request.run(() => thrown(() => withTimeout(0, throwIfExceeded, ROOT_CONTEXT))),
    504,
  ],
  ['a cancel inside of it', (request) => request.run(cancelled), 499],
  ['a call that is served inside of it', (request) => request.run(() => withCaller({}, timedOut)), 504],
  ['a hang-up, as the error of a call', (request) => callError(hungUp(request), 'GET http://other/'), 499],
  ['its deadline, as the error of a call', (request) => callError(ranOut(request), 'GET http://other/'), 504],
];

const cancelled = () =>
  thrown(() =>
    withCancel((_, cancel) => {
      cancel();
      throwIfExceeded();
    }),
  );

describe.each(ends)('the error of a request that has ended by %s', (_, end, status) => {
  test('has its status in that request, and where there is no request', () => {
    const request = new Request();
    const error = end(request);
    expect(request.statusOf(error)).toBe(status);
    expect(error.status).toBe(status);
    expect(request.run(() => detach(() => error.status))).toBe(status);
    expect(request.run(() => withTimeout(10, () => error.status))).toBe(status);
    expect(isOthersEnd(new Error('wrapped', { cause: error }), request.scope)).toBe(false);
  });

  test('is an internal error in every other request', () => {
    const error = end(new Request());
    const other = new Request();
    expect(other.statusOf(error)).toBe(500);
    expect(other.run(() => detach(() => error.status))).toBe(500);
    expect(other.run(() => withTimeout(10, () => error.status))).toBe(500);
    expect(withCaller({}, () => error.status)).toBe(500);
    expect(isOthersEnd(new Error('wrapped', { cause: error }), other.scope)).toBe(true);
  });
});

test('a scope above requests ends all of them', () => {
  const above = new Scope(undefined, Deadline.after(10), 'owned');
  const requests = [new Request(above), new Request(above)];
  advance(10);
  for (const request of requests) {
    const error = thrown(() => request.run(() => throwIfExceeded()));
    for (const each of requests) expect(each.statusOf(error)).toBe(504);
    expect(request.run(() => detach(() => error.status))).toBe(504);
  }
});

test('a timeout outside of every request is none of theirs', () => {
  const error = timedOut();
  expect(error.status).toBe(504);
  expect(new Request().statusOf(error)).toBe(500);
});

test.each<[string, EndReason, number]>([
  ['DeadlineExceededError', new DeadlineExceededError({ budget: 1, inherited: false, spent: 1 }), 504],
  ['CallCancelledError', new CallCancelledError(), 499],
])('a %s that was made by hand is never of another request', (_, error, status) => {
  expect(new Request().statusOf(error)).toBe(status);
});

describe.each([[1_000], [Number.POSITIVE_INFINITY]])('shared work with a budget of %d ms', (budget) => {
  test.each<[string, () => unknown]>([
    ['a timeout inside of it', timedOut],
    ['a timeout inside of it, under detach', () => detach(timedOut)],
  ])('ends by %s for each request that waits for it', async (_, work) => {
    const key = {};
    const requests = [new Request(), new Request()];
    const run = async () => {
      throw work();
    };
    for (const request of requests) {
      const error = await request.run(() => shared(key, run, { budget })).catch((reason: EndReason) => reason);
      for (const each of requests) expect(each.statusOf(error)).toBe(504);
    }
  });
});

test('shared work whose budget has run out ends for each request', async () => {
  const requests = [new Request(), new Request()];
  const key = {};
  const endless = () => new Promise<never>(() => {});
  const waits = requests.map((each) => each.run(() => shared(key, endless, { budget: 10 })));
  advance(10);
  for (const wait of waits) {
    const error = await wait.catch((reason: EndReason) => reason);
    for (const each of requests) expect(each.statusOf(error)).toBe(504);
  }
});

test('work that goes on after the answer is still that of its request', async () => {
  const [request, other] = [new Request(), new Request()];
  const error = await request.run(() =>
    withTimeout(10, async () => {
      request.scope.completeAnswered();
      advance(10);
      return thrown(throwIfExceeded);
    }),
  );
  expect(other.statusOf(error)).toBe(500);
  expect(request.statusOf(error)).toBe(504);
});

test('code in the context of a request that was answered may work for anybody', () => {
  const [request, other] = [new Request(), new Request()];
  const inside = request.run(() => detach((freed) => freed));
  const error = hungUp(other);
  expect(context.with(inside, () => error.status)).toBe(500);
  request.scope.completeAnswered();
  expect(context.with(inside, () => error.status)).toBe(499);
  expect(request.statusOf(error)).toBe(499);
});

test('a status that somebody sets stays', () => {
  const error = hungUp(new Request());
  Object.assign(error, { status: 502, statusCode: 503 });
  expect(new Request().run(() => [error.status, error.statusCode])).toEqual([502, 503]);
});

test('a status that a framework sets to what it has read still looks at its reader', () => {
  const request = new Request();
  const error = hungUp(request);
  for (const each of [request, new Request()]) {
    each.run(() => Object.assign(error, { status: error.status, statusCode: error.statusCode }));
  }
  expect(request.statusOf(error)).toBe(499);
  expect(new Request().statusOf(error)).toBe(500);
});

test('the status can be enumerated, and the origin cannot', () => {
  const error = hungUp(new Request());
  expect(new Request().run(() => ({ ...error }))).toMatchObject({ status: 500, statusCode: 500 });
  expect(Object.getOwnPropertySymbols({ ...error })).toEqual([]);
});

describe('with an instrumentation', () => {
  let found: Scope | undefined;
  const failed = jest.fn();
  let stop: () => void;
  beforeEach(() => {
    found = undefined;
    failed.mockClear();
    stop = observeRequests({ find: () => found, failed });
  });
  afterEach(() => stop());

  test('a request in a lost context is known', () => {
    const [request, other] = [new Request(), new Request()];
    found = request.scope;
    const error = timedOut();
    expect(error.status).toBe(504);
    expect(request.statusOf(error)).toBe(504);
    expect(hungUp(other).status).toBe(500);
    found = other.scope;
    expect(error.status).toBe(500);
  });

  test('only failures by the end of others are reported', () => {
    const [request, other] = [new Request(), new Request()];
    const error = hungUp(request);
    request.statusOf(error);
    expect(failed).not.toHaveBeenCalled();
    other.run(() => error.status);
    expect(failed.mock.calls).toEqual([[error, other.scope.origin]]);
  });
});

test('a kept error keeps no request in memory', () => {
  const error = hungUp(new Request());
  const origin = Object.getOwnPropertyDescriptor(error, Symbol.for('opentelemetry-propagator-deadline.origin'))?.value;
  const held = JSON.stringify(origin, (_, value) => (value instanceof Scope ? 'a scope' : value));
  expect(held).toBeDefined();
  expect(held).not.toContain('a scope');
});

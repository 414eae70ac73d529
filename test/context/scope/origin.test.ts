import { inspect } from 'node:util';
import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { abortSignal, throwIfExceeded } from '../../../src/context/context-deadline.js';
import { setScope } from '../../../src/context/context-scope.js';
import { Deadline } from '../../../src/context/deadline.js';
import { observeRequests, statusOf } from '../../../src/context/scope/origin.js';
import { Scope } from '../../../src/context/scope/scope.js';
import { shared } from '../../../src/context/shared/shared.js';
import { detach, withCancel, withTimeout } from '../../../src/context/with-scope.js';
import { CallCancelledError, DeadlineExceededError, type EndReason } from '../../../src/errors.js';
import { isOthersEnd } from '../../../src/instrumentation/inbound/others-ends.js';
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

/** The context of work that goes on for as long as the application. */
function ofApplication(): Context {
  let found = ROOT_CONTEXT;
  void withCancel((context) => {
    found = context;
    return new Promise<never>(() => {});
  });
  return found;
}

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
    'a timeout inside of it, below a scope of the application',
    (request) => {
      const application = ofApplication();
      return request.run(() => thrown(() => withTimeout(0, throwIfExceeded, application)));
    },
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
    const waits = requests.map((each) => each.run(() => shared(key, run, { budget })));
    for (const wait of waits) {
      const error = await wait.catch((reason: EndReason) => reason);
      for (const each of requests) expect(each.statusOf(error)).toBe(504);
      expect(new Request().statusOf(error)).toBe(500);
    }
  });
});

test('the end of one run is none of a request that waits for another run', async () => {
  const [request, other] = [new Request(), new Request()];
  const key = {};
  let work: Promise<never> | undefined;
  // A promise that outlives the run in which it has begun.
  const join = () => {
    work ??= (async () => {
      const signal = abortSignal();
      await new Promise((aborted) => signal?.addEventListener('abort', aborted));
      throw signal?.reason;
    })();
    return work;
  };
  const first = request.run(() => withTimeout(10, () => shared({}, join))).catch((reason) => reason);
  const second = other.run(() => shared(key, join)).catch((reason) => reason);
  advance(10);
  expect(request.statusOf(await first)).toBe(504);
  const cancelled = await second;
  expect(cancelled).toMatchObject({ code: 'CANCELLED' });
  expect(other.statusOf(cancelled)).toBe(500);
});

test('the end of a run is that of all that wait for it, through another run as well', async () => {
  const [request, stranger] = [new Request(), new Request()];
  const inner = () => shared([key, 'inner'], () => Promise.reject(timedOut()));
  const key = {};
  const error = await request.run(() => shared(key, inner)).catch((reason: EndReason) => reason);
  expect(request.statusOf(error)).toBe(504);
  expect(stranger.statusOf(error)).toBe(500);
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

test('neither the status nor the origin is copied, or shown by console.log', () => {
  const error = hungUp(new Request());
  expect({ ...error }).toEqual({ code: 'CANCELLED', expose: false, name: 'CallCancelledError' });
  expect(Object.getOwnPropertySymbols({ ...error })).toEqual([]);
  expect(inspect(error)).toMatch(/CallCancelledError: call cancelled[\s\S]*code: 'CANCELLED'/);
  expect(inspect(error)).not.toMatch(/status|Getter|Symbol/);
});

test.each<[string, (error: EndReason) => unknown, number | undefined]>([
  ['itself', (error) => error, 499],
  ['wrapped', (error) => new Error('no keys', { cause: error }), 499],
  [
    'of a library that keeps its code alone',
    () => Object.assign(new Error(), { name: 'FetchError', code: 'CANCELLED' }),
    499,
  ],
  ['nothing', () => undefined, undefined],
  ['another error', () => Object.assign(new Error(), { status: 404 }), undefined],
])('statusOf an error, %s', (_, wrap, status) => {
  const request = new Request();
  const error = wrap(hungUp(request));
  expect(request.run(() => statusOf(error))).toBe(status);
});

test('statusOf an error that wraps the end of another request', () => {
  const wrapped = new Error('no keys', { cause: hungUp(new Request()) });
  expect(new Request().run(() => statusOf(wrapped))).toBe(500);
});

describe('with an instrumentation', () => {
  let found: Scope | undefined;
  const asked = jest.fn();
  let stop: () => void;
  beforeEach(() => {
    found = undefined;
    asked.mockClear();
    stop = observeRequests({ find: () => found, asked });
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

  test('it is told who has asked for a status, and what was answered', () => {
    const [request, other] = [new Request(), new Request()];
    const error = hungUp(request);
    void request.run(() => error.status);
    void other.run(() => error.statusCode);
    other.run(() => statusOf(new Error('wrapped', { cause: error })));
    expect(asked.mock.calls).toEqual([[error, 499], [error, 500], [error, 500]]); // biome-ignore format: short
  });
});

test('a kept error keeps no request in memory', () => {
  const error = hungUp(new Request());
  const origin = Object.getOwnPropertyDescriptor(error, Symbol.for('opentelemetry-propagator-deadline.origin'))?.value;
  const held = JSON.stringify(origin, (_, value) => (value instanceof Scope ? 'a scope' : value));
  expect(held).toBeDefined();
  expect(held).not.toContain('a scope');
});

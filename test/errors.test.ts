import { createContext, runInContext } from 'node:vm';
import {
  CallCancelledError,
  DeadlineExceededError,
  isCallCancelled,
  isDeadlineExceeded,
  isEndReason,
} from '../src/errors.js';

const exceeded = () => new DeadlineExceededError({ budget: 250, inherited: true, spent: 263.4 });
const cancelled = () => new CallCancelledError();

describe('what frameworks look for', () => {
  test.each([
    [
      exceeded(),
      { name: 'DeadlineExceededError', code: 'DEADLINE_EXCEEDED', status: 504, statusCode: 504, expose: false },
    ],
    [cancelled(), { name: 'CallCancelledError', code: 'CANCELLED', status: 499, statusCode: 499, expose: false }],
  ])('%s', (error, expected) => {
    expect(error).toMatchObject(expected);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe(`${expected.name}: ${error.message}`);
    expect(error.stack).toContain('errors.test');
  });
});

describe('the message explains itself', () => {
  test.each([
    [{ budget: 250, inherited: true, spent: 263.4 }, 'deadline exceeded: 250 ms budget from the caller, 263 ms spent'],
    [{ budget: 250, inherited: false, spent: 263.5 }, 'deadline exceeded: 250 ms budget set here, 264 ms spent'],
    [{ budget: 0, inherited: true, spent: 0 }, 'deadline exceeded: 0 ms budget from the caller, 0 ms spent'],
    [{ budget: 0.25, inherited: false, spent: 1.26 }, 'deadline exceeded: 0.3 ms budget set here, 1.3 ms spent'],
    [{ budget: 9.96, inherited: false, spent: 10.4 }, 'deadline exceeded: 10 ms budget set here, 10 ms spent'],
  ])('%j', (deadline, message) => {
    const error = new DeadlineExceededError(deadline);
    expect(error.message).toBe(message);
    expect(error).toMatchObject(deadline);
  });

  test('of a cancelled call, by default and as given', () => {
    expect(cancelled().message).toBe('call cancelled: the caller no longer waits');
    expect(new CallCancelledError('the client hung up').message).toBe('the client hung up');
  });
});

test('a cause is kept, and is absent where none was given', () => {
  const cause = new Error('socket closed');
  expect(new CallCancelledError(undefined, { cause }).cause).toBe(cause);
  expect(new DeadlineExceededError({ budget: 1, inherited: true, spent: 1 }, { cause }).cause).toBe(cause);
  expect('cause' in cancelled()).toBe(false);
  expect('cause' in exceeded()).toBe(false);
});

test('neither the brand nor an absent target shows when the error is logged', () => {
  for (const error of [exceeded(), cancelled()]) {
    expect(Object.keys(error)).not.toContain('target');
    expect(
      Object.getOwnPropertySymbols(error).filter((key) => Object.prototype.propertyIsEnumerable.call(error, key)),
    ).toEqual([]);
  }
});

describe('recognised', () => {
  const wrap = (error: unknown, times: number): unknown =>
    times === 0 ? error : wrap(new TypeError('fetch failed', { cause: error }), times - 1);
  const BRAND = Symbol.for('opentelemetry-propagator-deadline.error');
  const foreign = runInContext(
    `Object.assign(new Error('x'), { [brand]: 'CANCELLED' })`,
    createContext({ brand: BRAND }),
  );

  test.each<[string, unknown, boolean, boolean]>([
    ['an exceeded deadline', exceeded(), true, false],
    ['a cancelled call', cancelled(), false, true],
    ['wrapped, as fetch does', wrap(exceeded(), 1), true, false],
    ['wrapped several times', wrap(cancelled(), 10), false, true],
    ['behind a cause that is a plain object', { cause: exceeded() }, true, false],
    ['of another copy of this package', Object.assign(new Error('x'), { [BRAND]: 'DEADLINE_EXCEEDED' }), true, false],
    ['of another realm', foreign, false, true],
    [
      'a cancel that was caused by a deadline: the outermost counts',
      new CallCancelledError('', { cause: exceeded() }),
      false,
      true,
    ],
    ['a DOMException of that name', new DOMException('aborted', 'AbortError'), false, false],
    ['an error of the same name', Object.assign(new Error('x'), { name: 'DeadlineExceededError' }), false, false],
    ['another brand', { [BRAND]: 'SOMETHING_NEW' }, false, false],
  ])('%s', (_, error, isExceeded, isCancelled) => {
    expect(isDeadlineExceeded(error)).toBe(isExceeded);
    expect(isCallCancelled(error)).toBe(isCancelled);
  });

  test.each([
    undefined,
    null,
    0,
    '',
    'deadline exceeded',
    Symbol('x'),
    5n,
    () => exceeded(),
    [],
    {},
    Object.create(null),
  ])('never: %p', (value) => {
    expect([isDeadlineExceeded(value), isCallCancelled(value), isEndReason(value)]).toEqual([false, false, false]);
  });

  test('isEndReason looks at the error itself, not at its cause', () => {
    expect([exceeded(), cancelled(), wrap(exceeded(), 1)].map(isEndReason)).toEqual([true, true, false]);
  });

  test('a cycle of causes, a hostile getter, a hostile proxy: false, not an exception', () => {
    const cycle: { cause?: unknown } = new Error('a');
    cycle.cause = new Error('b', { cause: cycle });
    const getter = {
      get cause() {
        throw new Error('hostile');
      },
    };
    const proxy = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hostile');
        },
      },
    );
    const endless = new Proxy({}, { get: (_, key, self) => (key === 'cause' ? self : undefined) });
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const hostile of [cycle, getter, proxy, endless, revoked]) {
      expect(isDeadlineExceeded(hostile)).toBe(false);
      expect(isCallCancelled(hostile)).toBe(false);
    }
  });
});

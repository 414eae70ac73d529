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

const BRAND = Symbol.for('opentelemetry-propagator-deadline.error');
const foreign = runInContext(
  `Object.assign(new Error('x'), { [brand]: 'CANCELLED' })`,
  createContext({ brand: BRAND }),
);
const throwing = () => {
  throw new Error('hostile');
};

describe('recognised', () => {
  const wrap = (error: unknown, times: number): unknown =>
    times === 0 ? error : wrap(new TypeError('fetch failed', { cause: error }), times - 1);
  const thrown = (properties: object) => Object.assign(new Error('x'), properties);

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
    ['behind another cause, in driverError', thrown({ cause: new Error('y'), driverError: exceeded() }), true, false],
    ['in parent', thrown({ parent: cancelled() }), false, true],
    ['in original', thrown({ original: exceeded() }), true, false],
    ['in originalError', thrown({ originalError: exceeded() }), true, false],
    [
      'in different places, one behind the other',
      thrown({ parent: wrap(thrown({ original: cancelled() }), 1) }),
      false,
      true,
    ],
    ['one of the errors of an AggregateError', new AggregateError([new Error('x'), wrap(exceeded(), 1)]), true, false],
    ['both kinds in an AggregateError: the first counts', new AggregateError([cancelled(), exceeded()]), false, true],
    [
      'both kinds at different depths: the outer one counts',
      thrown({ cause: wrap(cancelled(), 1), parent: exceeded() }),
      true,
      false,
    ],
    [
      'beside a getter that throws',
      Object.defineProperty(wrap(exceeded(), 1), 'parent', { get: throwing }),
      true,
      false,
    ],
    [
      'of Prisma, which keeps the code',
      thrown({ name: 'PrismaClientKnownRequestError', code: 'CANCELLED' }),
      false,
      true,
    ],
    ['of node-fetch, which keeps the code', thrown({ name: 'FetchError', code: 'DEADLINE_EXCEEDED' }), true, false],
    ['Prisma with a code of its own', thrown({ name: 'PrismaClientKnownRequestError', code: 'P2024' }), false, false],
    ['an error with the same code', thrown({ code: 'DEADLINE_EXCEEDED' }), false, false],
    ['an error with the other code', thrown({ name: 'GoogleError', code: 'CANCELLED' }), false, false],
    ['an error of 16 wrappers', wrap(exceeded(), 16), false, false],
    ['a list of errors that is a text', thrown({ errors: 'DEADLINE_EXCEEDED' }), false, false],
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

  test.each(hostileValues())('%s: false, not an exception', (_, hostile) => {
    expect(isDeadlineExceeded(hostile)).toBe(false);
    expect(isCallCancelled(hostile)).toBe(false);
    expect(isEndReason(hostile)).toBe(false);
    expect(isDeadlineExceeded(new Error('x', { cause: hostile }))).toBe(false);
  });

  test('a list of a million errors is not searched', () => {
    let reads = 0;
    const get = () => {
      reads++;
      return new Error('x');
    };
    const errors = new Proxy(new Array(1_000_000), { get });
    expect(isDeadlineExceeded(Object.assign(new Error('x'), { errors }))).toBe(false);
    expect(reads).toBeLessThan(100);
  });
});

describe('instanceof', () => {
  class OwnDeadline extends DeadlineExceededError {}
  class OwnCancel extends CallCancelledError {}
  const brandedAs = (kind: string) => Object.assign(new Error('x'), { [BRAND]: kind });
  const types = [DeadlineExceededError, CallCancelledError, OwnDeadline, OwnCancel];

  test.each<[string, unknown, boolean[]]>([
    ['an exceeded deadline', exceeded(), [true, false, false, false]],
    ['a cancelled call', cancelled(), [false, true, false, false]],
    ['an exceeded deadline of another copy', brandedAs('DEADLINE_EXCEEDED'), [true, false, false, false]],
    ['a cancelled call of another copy', brandedAs('CANCELLED'), [false, true, false, false]],
    ['a cancelled call of another realm', foreign, [false, true, false, false]],
    ['an error that wraps one', new Error('x', { cause: exceeded() }), [false, false, false, false]],
    [
      'an instance of a subclass',
      new OwnDeadline({ budget: 1, inherited: true, spent: 1 }),
      [true, false, true, false],
    ],
    ['an instance of the other subclass', new OwnCancel(), [false, true, false, true]],
    [
      'what has a prototype of ours, but no brand',
      Object.create(CallCancelledError.prototype),
      [false, false, false, false],
    ],
    ['undefined', undefined, [false, false, false, false]],
    ['null', null, [false, false, false, false]],
    ['a text', 'DEADLINE_EXCEEDED', [false, false, false, false]],
  ])('%s', (_, value, expected) => {
    expect(types.map((type) => (value as object) instanceof type)).toEqual(expected);
  });

  test.each(hostileValues())('%s: false, not an exception', (_, hostile) => {
    expect(hostile instanceof DeadlineExceededError).toBe(false);
    expect(hostile instanceof CallCancelledError).toBe(false);
  });

  test('still tells TypeScript the type', () => {
    const error: unknown = exceeded();
    if (!(error instanceof DeadlineExceededError)) throw new Error('not recognised');
    expect(error.budget).toBe(250);
  });
});

function hostileValues(): [string, object][] {
  const cycle: { cause?: unknown } = new Error('a');
  cycle.cause = new Error('b', { cause: cycle });
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const { proxy: errors, revoke: revokeErrors } = Proxy.revocable<object[]>([], {});
  revokeErrors();
  const endless: object = new Proxy(
    {},
    { get: (_, key) => (key === BRAND || key === 'code' ? undefined : endlessly()) },
  );
  const endlessly = (): object => new Proxy(endless, {});
  return [
    ['a cycle of causes', cycle],
    ['a getter that throws', Object.defineProperty({}, 'cause', { get: throwing })],
    ['a brand that throws', Object.defineProperty({}, BRAND, { get: throwing })],
    ['a list of errors that throws', { errors: [Object.defineProperty({}, 'cause', { get: throwing })] }],
    ['a revoked list of errors', { errors }],
    ['a proxy that throws', new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing })],
    ['a proxy that never ends', endless],
    ['a revoked proxy', revoked],
  ];
}

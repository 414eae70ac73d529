import { ROOT_CONTEXT } from '@opentelemetry/api';
import { detach, withCancel, withDeadline, withTimeout } from '../../src/context/with-scope.js';

/** What `call` throws. */
function errorOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

const fn = jest.fn();

test.each<[unknown, ErrorConstructor, string]>([
  [-1, RangeError, '-1'],
  [Number.NaN, RangeError, 'NaN'],
  [Number.NEGATIVE_INFINITY, RangeError, '-Infinity'],
  ['100', TypeError, '"100"'],
  [100n, TypeError, 'BigInt'],
  [null, TypeError, 'null'],
  [undefined, TypeError, 'undefined'],
  [{ ms: 100 }, TypeError, 'Object'],
])('withTimeout(%p): %p', (ms, type, quoted) => {
  const error = errorOf(() => withTimeout(ms as number, fn));
  expect(error).toBeInstanceOf(type);
  expect(error).toHaveProperty('message', `withTimeout: expected a number of ms, 0 or more, got ${quoted}`);
});

test.each<[unknown, ErrorConstructor, string]>([
  [100, TypeError, '100'],
  [Date.UTC(2030), TypeError, String(Date.UTC(2030))],
  ['2030-01-01', TypeError, '"2030-01-01"'],
  [new Date(Number.NaN), RangeError, 'NaN'],
  [null, TypeError, 'null'],
  [undefined, TypeError, 'undefined'],
  [{ getTime: () => 5 }, TypeError, 'Object'],
])('withDeadline(%p): %p', (when, type, quoted) => {
  const error = errorOf(() => withDeadline(when as Date, fn));
  expect(error).toBeInstanceOf(type);
  expect(error).toHaveProperty('message', expect.stringMatching(/^(withDeadline|Deadline\.at): expected .*Date/));
  expect(error).toHaveProperty('message', expect.stringContaining(`got ${quoted}`));
});

test.each<[string, (fn: never) => unknown]>([
  ['withTimeout', (fn) => withTimeout(100, fn)],
  ['withDeadline', (fn) => withDeadline(new Date(), fn)],
  ['withCancel', (fn) => withCancel(fn)],
  ['detach', (fn) => detach(fn)],
])('%s without a function: a TypeError that names it', (name, call) => {
  for (const [wrong, quoted] of [
    [undefined, 'undefined'],
    [Promise.resolve(), 'Promise'],
    ['fn', '"fn"'],
  ]) {
    const error = errorOf(() => call(wrong as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toHaveProperty('message', `${name}: expected a function, got ${quoted}`);
  }
});

test('fn has not run when an argument was wrong', () => {
  expect(fn).not.toHaveBeenCalled();
});

test('an explicit undefined parent is the active context', () => {
  expect(withTimeout(0, (context) => context === ROOT_CONTEXT, undefined)).toBe(false);
});

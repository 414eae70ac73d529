import type { Context } from '@opentelemetry/api';
import {
  abortSignal,
  deleteDeadline,
  getDeadline,
  remainingTime,
  setDeadline,
  throwIfExceeded,
} from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { shared } from '../../src/context/shared/shared.js';
import { detach, withCancel, withDeadline, withTimeout } from '../../src/context/with-scope.js';
import { withoutBaggage } from '../../src/propagation/baggage/without-baggage.js';

const fn = jest.fn();

/** What takes a context, and whether it takes the active one where none is given. */
const FUNCTIONS: Record<string, [(context: Context) => unknown, boolean]> = {
  getDeadline: [getDeadline, false],
  setDeadline: [(context) => setDeadline(context, Deadline.after(100)), false],
  deleteDeadline: [deleteDeadline, false],
  remainingTime: [remainingTime, true],
  abortSignal: [abortSignal, true],
  throwIfExceeded: [throwIfExceeded, true],
  withTimeout: [(context) => withTimeout(100, fn, context), true],
  withDeadline: [(context) => withDeadline(Deadline.after(100), fn, context), true],
  withCancel: [(context) => withCancel(fn, context), true],
  detach: [(context) => detach(fn, context), true],
  withoutBaggage: [(context) => withoutBaggage(fn, context), true],
  shared: [(context) => shared({}, fn, { parent: context }), true],
};

describe.each(Object.entries(FUNCTIONS))('%s', (name, [call, hasDefault]) => {
  test.each([
    [null, 'null'],
    [500, '500'],
    ['a request', '"a request"'],
    [{ headers: {} }, 'Object'],
    [new AbortController().signal, 'AbortSignal'],
  ])('%p is no Context: a TypeError that quotes it', (wrong, quoted) => {
    const message = `${name}: expected a Context, got ${quoted}`;
    expect(() => call(wrong as never)).toThrow(expect.objectContaining({ name: 'TypeError', message }));
    expect(fn).not.toHaveBeenCalled();
  });

  test(`undefined: ${hasDefault ? 'the active context' : 'a TypeError'}`, () => {
    const withNone = () => call(undefined as never);
    if (hasDefault) expect(withNone).not.toThrow();
    else expect(withNone).toThrow(`${name}: expected a Context, got undefined`);
    fn.mockReset();
  });
});

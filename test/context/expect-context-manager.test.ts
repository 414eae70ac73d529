import { type Context, context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

type WithScope = typeof import('../../src/context/with-scope.js');

/** Registered for all copies of the api: each test has one of its own. */
const warn = jest.fn();
let withScope: WithScope;

beforeEach(() => {
  warn.mockReset();
  diag.setLogger({ error() {}, warn, info() {}, debug() {}, verbose() {} });
  // Once in a process: each test is one.
  jest.isolateModules(() => {
    withScope = require('../../src/context/with-scope.js');
  });
});

afterEach(() => {
  context.disable();
  diag.disable();
});

const functions: [string, (of: WithScope, fn: () => void) => void][] = [
  ['withTimeout', ({ withTimeout }, fn) => withTimeout(1_000, fn)],
  ['withDeadline', ({ withDeadline }, fn) => withDeadline(new Date(Date.now() + 1_000), fn)],
  ['withCancel', ({ withCancel }, fn) => withCancel(fn)],
];

describe.each(functions)('%s, without a context manager', (name, run) => {
  test('around a function that takes no context, one warning says what to do', () => {
    for (let i = 0; i < 2; i++) run(withScope, () => {});
    const whatToDo = new RegExp(`^${name} has no effect .*SDK.*setGlobalContextManager.*\\(context\\) =>`);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(whatToDo)]]);
  });

  test('around one that takes it there is none', () => {
    run(withScope, ((_: Context) => {}) as () => void);
    expect(warn).not.toHaveBeenCalled();
  });
});

test.each(functions)('%s with a context manager: there is none, and no second look', (_, run) => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  run(withScope, () => {});
  context.disable();
  run(withScope, () => {});
  expect(warn).not.toHaveBeenCalled();
});

test('detach needs no context manager: nothing binds what has no context', () => {
  expect(withScope.detach(() => context.active())).toBe(ROOT_CONTEXT);
  expect(warn).not.toHaveBeenCalled();
});

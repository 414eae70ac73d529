import { defaultTextMapGetter, diag, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { getDeadline } from '../../src/context/context-deadline.js';
import type { DeadlineInstrumentationConfig } from '../../src/instrumentation/options.js';

// A deadline that nobody serves binds nothing, whichever copies of this package propagator and instrumentation are of.

type Package = typeof import('../../src/context/scope/scope.js') &
  typeof import('../../src/events.js') &
  typeof import('../../src/index.js') &
  typeof import('../../src/instrumentation/deadline-instrumentation.js') &
  typeof import('../../src/propagation/inbound.js');

/** A copy of the package, of its own. */
function loadCopy(): Package {
  let copy: Package | undefined;
  jest.isolateModules(() => {
    copy = {
      ...require('../../src/context/scope/scope.js'),
      ...require('../../src/events.js'),
      ...require('../../src/index.js'),
      ...require('../../src/instrumentation/deadline-instrumentation.js'),
      ...require('../../src/propagation/inbound.js'),
    };
  });
  return copy as Package;
}

const ours = loadCopy();
const another = loadCopy();
const MESSAGE = { timebudget: '1000', traceparent: `00-${'4'.repeat(32)}-${'5'.repeat(16)}-01`, baggage: 'user=u-17' };

const info = jest.fn();
let cleanUp: (() => void)[] = [];
beforeEach(() => {
  info.mockClear();
  const nothing = () => {};
  diag.setLogger({ error: nothing, warn: nothing, info, debug: nothing, verbose: nothing });
  cleanUp = [() => diag.disable(), () => propagation.disable()];
});
afterEach(() => {
  for (const undo of cleanUp) undo();
});

/** Enables an instrumentation for the rest of the test. */
function instrument({ DeadlineInstrumentation }: Package, config?: DeadlineInstrumentationConfig): void {
  const instrumentation = new DeadlineInstrumentation(config);
  cleanUp.push(() => instrumentation.disable());
}

test('another copy is one', () => {
  expect(another.DeadlineInstrumentation).not.toBe(ours.DeadlineInstrumentation);
});

describe.each<[string, () => void, boolean]>([
  ['the propagator alone', () => {}, true],
  ['an instrumentation that was disabled', () => new ours.DeadlineInstrumentation().disable(), true],
  ['the instrumentation', () => instrument(ours), false],
  ['the instrumentation that observes', () => instrument(ours, { mode: 'observe' }), false],
  [
    'the instrumentation without servers',
    () => instrument(ours, { server: { http: false, http2: false, grpc: false } }),
    false,
  ],
  ['the instrumentation of another copy', () => instrument(another), false],
])('with %s', (_, setUp, binds) => {
  beforeEach(setUp);

  test(`a message's deadline ${binds ? 'binds' : 'does not bind'}; its trace and baggage arrive`, () => {
    const context = ours.createPropagator().extract(ROOT_CONTEXT, MESSAGE, defaultTextMapGetter);
    expect(getDeadline(context)?.budget).toBe(binds ? 1_000 : undefined);
    expect(trace.getSpanContext(context)?.traceId).toBe('4'.repeat(32));
    expect(propagation.getBaggage(context)?.getEntry('user')?.value).toBe('u-17');
  });

  test.each(['1000', '0', '-5', '7, 9'])('a message with %p', (timebudget) => {
    const before = ROOT_CONTEXT.setValue(Symbol('mine'), 1);
    const context = new ours.DeadlinePropagator().extract(before, { timebudget }, defaultTextMapGetter);
    expect(context === before).toBe(!binds);
  });

  test('withCaller binds', () => {
    propagation.setGlobalPropagator(ours.createPropagator());
    for (const { withCaller } of [ours, another]) {
      const budget = withCaller(MESSAGE, (context) => getDeadline(context)?.budget);
      expect(budget).toBe(1_000);
    }
  });
});

describe('a budget that binds nothing', () => {
  /** A copy that has not logged yet, with what it has counted. */
  function freshCopy(): Package & { readonly counted: string[] } {
    const copy = loadCopy();
    const counted: string[] = [];
    cleanUp.push(copy.listen(({ type }) => counted.push(type)));
    return { ...copy, counted };
  }

  test('is counted each time, and logged once', () => {
    const copy = freshCopy();
    instrument(copy);
    const propagator = new copy.DeadlinePropagator();
    for (let i = 0; i < 3; i++) propagator.extract(ROOT_CONTEXT, MESSAGE, defaultTextMapGetter);
    expect(copy.counted).toEqual(['unadopted', 'unadopted', 'unadopted']);
    expect(info.mock.calls).toEqual([[expect.stringContaining('withCaller(carrier, fn)')]]);
  });

  test.each<[string, (copy: Package) => void]>([
    ['no budget', ({ DeadlinePropagator }) => new DeadlinePropagator().extract(ROOT_CONTEXT, {}, defaultTextMapGetter)],
    [
      'a budget for work that has a scope',
      ({ DeadlinePropagator, setDeadline, Deadline, remainingTime }) => {
        const bound = setDeadline(ROOT_CONTEXT, Deadline.after(5_000));
        const context = new DeadlinePropagator().extract(bound, MESSAGE, defaultTextMapGetter);
        expect(context).toBe(bound);
        expect(remainingTime(context)).toBeGreaterThan(1_000);
      },
    ],
    [
      'a budget that a server has adopted',
      ({ DeadlinePropagator, attachInbound, Scope }) => {
        const headers = { ...MESSAGE };
        const scope = new Scope(undefined, undefined, 'owned');
        attachInbound(headers, { trusted: true, openScope: () => scope });
        new DeadlinePropagator().extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      },
    ],
  ])('is not: %s', (_, extract) => {
    const copy = freshCopy();
    instrument(copy);
    extract(copy);
    expect(copy.counted).toEqual([]);
    expect(info).not.toHaveBeenCalled();
  });

  test('is not counted where no instrumentation is enabled', () => {
    const copy = freshCopy();
    new copy.DeadlinePropagator().extract(ROOT_CONTEXT, MESSAGE, defaultTextMapGetter);
    expect(copy.counted).toEqual([]);
  });
});

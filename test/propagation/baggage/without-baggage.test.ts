import { context, defaultTextMapSetter, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { getDeadline, setDeadline } from '../../../src/context/context-deadline.js';
import { Deadline } from '../../../src/context/deadline.js';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import { withoutBaggage } from '../../../src/propagation/baggage/without-baggage.js';
import { extract } from '../../support/baggage/carrier.js';

const manager = new AsyncLocalStorageContextManager();
beforeAll(() => context.setGlobalContextManager(manager.enable()));
afterAll(() => {
  context.disable();
  manager.disable();
});

const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
const deadline = Deadline.after(60_000);
const request = setDeadline(
  trace.setSpanContext(extract(new BoundedBaggagePropagator(), 'user=alice'), spanContext),
  deadline,
);

/** What a call made now would carry. */
function written(): Record<string, string> {
  const carrier: Record<string, string> = {};
  new BoundedBaggagePropagator().inject(context.active(), carrier, defaultTextMapSetter);
  return carrier;
}

test('a call in it has no baggage, the calls beside it have', async () => {
  const carriers = await context.with(request, async () => {
    const before = written();
    const without = await withoutBaggage(async () => {
      await null;
      expect(propagation.getActiveBaggage()).toBeUndefined();
      return written();
    });
    return [before, without, written()];
  });
  expect(carriers).toEqual([{ baggage: 'user=alice' }, {}, { baggage: 'user=alice' }]);
});

test('deadline and trace context are kept', () => {
  withoutBaggage((inner) => {
    expect(inner).toBe(context.active());
    expect(getDeadline(inner)).toBe(deadline);
    expect(trace.getSpanContext(inner)).toEqual(spanContext);
    expect(propagation.getBaggage(inner)).toBeUndefined();
  }, request);
});

test('returns what the function returned, and passes on what it throws', () => {
  const error = new Error('the function failed');
  expect(withoutBaggage(() => 5)).toBe(5);
  expect(() =>
    withoutBaggage(() => {
      throw error;
    }),
  ).toThrow(error);
});

test('a context without baggage is no trouble', () => {
  expect(withoutBaggage((inner) => propagation.getBaggage(inner), ROOT_CONTEXT)).toBeUndefined();
});

test.each([[undefined], [null], [5], ['fn'], [{}]])('%j for a function is refused', (fn) => {
  expect(() => withoutBaggage(fn as never)).toThrow(TypeError);
});

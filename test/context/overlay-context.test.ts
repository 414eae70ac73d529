import { type Baggage, type Context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { BAGGAGE_KEY, SPAN_KEY } from '../../src/context/api-keys.js';
import { overlay } from '../../src/context/overlay-context.js';
import { SCOPE_KEY } from '../../src/context/scope/key.js';

const OTHER = createContextKey('overlay test');
const KEYS = [SPAN_KEY, BAGGAGE_KEY, SCOPE_KEY, OTHER] as const;

/** What the context says of the four keys. */
const values = (context: Context) => KEYS.map((key) => context.getValue(key));
const full = () => KEYS.reduce<Context>((context, key, i) => context.setValue(key, i), ROOT_CONTEXT);

test('the keys are those of the api', () => {
  const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
  const baggage = propagation.createBaggage();
  expect(trace.setSpan(ROOT_CONTEXT, span).getValue(SPAN_KEY)).toBe(span);
  expect(propagation.setBaggage(ROOT_CONTEXT, baggage).getValue(BAGGAGE_KEY)).toBe(baggage);
  const context = overlay(ROOT_CONTEXT, span, baggage, undefined);
  expect(trace.getSpan(context)).toBe(span);
  expect(propagation.getBaggage(context)).toBe(baggage as Baggage);
});

test('the values lie over the context, which is unchanged', () => {
  const below = full();
  expect(values(overlay(below, 'span', 'baggage', 'scope'))).toEqual(['span', 'baggage', 'scope', 3]);
  expect(values(below)).toEqual([0, 1, 2, 3]);
});

test('a value that is not given is that of the context', () => {
  expect(values(overlay(full(), 'span', undefined, undefined))).toEqual(['span', 1, 2, 3]);
  const over = overlay(full(), 'span', 'baggage', 'scope');
  expect(values(overlay(over, undefined, 'new', undefined))).toEqual(['span', 'new', 'scope', 3]);
});

test('a value can be set to undefined and null, and then hides what is below', () => {
  const over = overlay(full(), 'span', undefined, undefined);
  expect(values(over.setValue(SPAN_KEY, undefined).setValue(SCOPE_KEY, null))).toEqual([undefined, 1, null, 3]);
});

test('what is no context of OpenTelemetry comes back as it is, as does a context without a new value', () => {
  for (const none of [undefined, null, 5, {}]) expect(overlay(none as Context, 'span', 'baggage')).toBe(none);
  const context = full();
  expect(overlay(context, undefined)).toBe(context);
});

test('any number of values in turn are one overlay', () => {
  const asked: number[] = [];
  const bottom: Context = {
    getValue: () => void asked.push((new Error().stack?.match(/OverlayContext\.getValue/g) ?? []).length),
    setValue: () => bottom,
    deleteValue: () => bottom,
  };
  let context = overlay(bottom, 'span', 'baggage', 'scope');
  for (let i = 0; i < 1000; i++) {
    context = overlay(context, i, undefined, undefined).setValue(BAGGAGE_KEY, i).setValue(OTHER, i);
    context = overlay(context, undefined, undefined, -i);
  }
  expect(values(context)).toEqual([999, 999, -999, undefined]);
  expect(asked).toEqual([1]);
});

test('it answers as the api does, whatever is done in whatever order', () => {
  const operations = KEYS.flatMap((key, i) => {
    const given = [0, 1, 2].map((slot) => (slot === i ? 'v' : undefined)) as [unknown, unknown, unknown];
    return [
      {
        over: (c: Context) => (key === OTHER ? c.setValue(key, 'v') : overlay(c, ...given)),
        api: (c: Context) => c.setValue(key, 'v'),
      },
      { over: (c: Context) => c.setValue(key, 'w'), api: (c: Context) => c.setValue(key, 'w') },
      { over: (c: Context) => c.deleteValue(key), api: (c: Context) => c.deleteValue(key) },
    ];
  });
  let pairs: [Context, Context][] = [[ROOT_CONTEXT, ROOT_CONTEXT]];
  for (let length = 0; length < 3; length++) {
    pairs = pairs.flatMap(([over, api]) => operations.map((op): [Context, Context] => [op.over(over), op.api(api)]));
    expect(pairs.map(([over]) => values(over))).toEqual(pairs.map(([, api]) => values(api)));
  }
});

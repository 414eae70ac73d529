import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { overlay } from '../../src/context/overlay-context.js';

const [A, B, C] = ['a', 'b', 'c'].map((name) => createContextKey(`overlay test ${name}`)) as [symbol, symbol, symbol];

/** What the context says of the three keys. */
const values = (context: Context) => [A, B, C].map((key) => context.getValue(key));

/** A context that answers with how many contexts lie over it. */
function bottom(): Context {
  const context: Context = {
    getValue: () => (new Error().stack?.match(/OverlayContext\.getValue/g) ?? []).length,
    setValue: () => context,
    deleteValue: () => context,
  };
  return context;
}

test('the value lies over the context, which is unchanged', () => {
  const below = ROOT_CONTEXT.setValue(A, 1).setValue(B, 2);
  const above = overlay(below, A, 10);
  expect(values(above)).toEqual([10, 2, undefined]);
  expect(values(below)).toEqual([1, 2, undefined]);
});

test('undefined and null are values, and hide what is below', () => {
  const below = ROOT_CONTEXT.setValue(A, 1);
  expect(overlay(below, A, undefined).getValue(A)).toBeUndefined();
  expect(overlay(below, A, null).getValue(A)).toBeNull();
});

test('every operation gives a new context and leaves the old one as it was', () => {
  const context = overlay(ROOT_CONTEXT.setValue(A, 1), B, 2);
  const derived = [
    context.setValue(A, 10),
    context.setValue(B, 20),
    context.setValue(C, 30),
    context.deleteValue(A),
    context.deleteValue(B),
    context.deleteValue(C),
    overlay(context, B, 200),
    overlay(context, C, 300),
  ];
  expect(derived.map(values)).toEqual([
    [10, 2, undefined],
    [1, 20, undefined],
    [1, 2, 30],
    [undefined, 2, undefined],
    [1, undefined, undefined],
    [1, 2, undefined],
    [1, 200, undefined],
    [1, 2, 300],
  ]);
  expect(values(context)).toEqual([1, 2, undefined]);
});

test('deleting the key deletes it below as well', () => {
  const context = overlay(overlay(ROOT_CONTEXT.setValue(A, 1), B, 2), A, 10);
  expect(values(context.deleteValue(A))).toEqual([undefined, 2, undefined]);
});

test('three keys set in turn, any number of times, stay three overlays', () => {
  let context = bottom();
  for (let i = 0; i < 1000; i++) {
    context = overlay(context, A, i);
    context = overlay(context, B, -i);
    context = context.setValue(C, i);
  }
  expect(values(context)).toEqual([999, -999, 999]);
  expect(context.getValue(Symbol('unknown'))).toBe(3);
});

describe('many keys', () => {
  const many = Array.from({ length: 40 }, (_, i) => createContextKey(`overlay test, many ${i}`));

  test('are no more than eight overlays', () => {
    let context = bottom();
    for (const key of many) context = overlay(context, key, 'v');
    expect(context.getValue(Symbol('unknown'))).toBe(8);
  });

  test('have their values all the same, replaced and deleted ones too', () => {
    let [over, api] = [ROOT_CONTEXT, ROOT_CONTEXT];
    const expectSame = () => {
      const [ours, theirs] = [over, api].map((context) => many.map((key) => context.getValue(key)));
      expect(ours).toEqual(theirs);
    };
    const set = (key: symbol, value: unknown) => {
      [over, api] = [overlay(over, key, value), api.setValue(key, value)];
      expectSame();
    };
    many.forEach(set);
    for (const key of many) set(key, 'another');
    for (const key of many.filter((_, i) => i % 3 === 0)) {
      [over, api] = [over.deleteValue(key), api.deleteValue(key)];
      expectSame();
    }
    many.forEach(set);
  });
});

test('it answers as the api does, whatever is done in whatever order', () => {
  const operations = [A, B, C].flatMap((key) => [
    { over: (c: Context) => overlay(c, key, 'v'), api: (c: Context) => c.setValue(key, 'v') },
    { over: (c: Context) => c.setValue(key, 'w'), api: (c: Context) => c.setValue(key, 'w') },
    { over: (c: Context) => c.deleteValue(key), api: (c: Context) => c.deleteValue(key) },
  ]);
  let pairs: [Context, Context][] = [[ROOT_CONTEXT, ROOT_CONTEXT]];
  for (let length = 0; length < 4; length++) {
    pairs = pairs.flatMap(([over, api]) => operations.map((op): [Context, Context] => [op.over(over), op.api(api)]));
    expect(pairs.map(([over]) => values(over))).toEqual(pairs.map(([, api]) => values(api)));
  }
});

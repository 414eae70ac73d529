import { WireTraceState } from '../../../src/propagation/trace-context/trace-state.js';
import { readVectors, title } from '../../wire/trace-context/vectors.js';

const { change } = readVectors<{
  change: { input: string; key: string; value: string | null; output: string; why: string }[];
}>('tracestate');

test.each(change.map((row) => ({ ...row, title: title(row.input) })))(
  '$title: $key becomes $value ($why)',
  ({ input, key, value, output }) => {
    const before = new WireTraceState(input);
    const after = value === null ? before.unset(key) : before.set(key, value);
    expect(after.serialize()).toBe(output === 'as received' ? input : output);
    if (output === 'as received') expect(after).toBe(before);
    expect(before.serialize()).toBe(input);
  },
);

test.each([
  ['a=1,b=2', 'a', '1'],
  ['a=1,b=2', 'b', '2'],
  ['a=1,b=2', 'c', undefined],
  ['ab=1,b=2', 'b', '2'],
  [' a=1 \t , \t b= 2 ,,', 'a', '1'],
  ['a=1 , b= 2 ', 'b', ' 2'],
  // The first of several members is the most recent.
  ['a=1,a=2', 'a', '1'],
  ['a=1', '', undefined],
  ['a=1', '=', undefined],
  ['a=1', 'a=', undefined],
  ['a=1', 'A', undefined],
  ['', 'a', undefined],
])('of %j, the value of %j is %j', (text, key, value) => {
  expect(new WireTraceState(text).get(key)).toBe(value);
});

test('keys and values of other types throw nothing and change nothing', () => {
  const state = new WireTraceState('a=1');
  for (const odd of [undefined, null, 5, Symbol('a'), {}, Object.create(null), ['a'], () => 'a'] as never[]) {
    expect(state.get(odd)).toBeUndefined();
    expect(state.set(odd, '2')).toBe(state);
    expect(state.set('a', odd)).toBe(state);
    expect(state.unset(odd)).toBe(state);
  }
});

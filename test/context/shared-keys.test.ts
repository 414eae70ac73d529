import { ROOT_CONTEXT } from '@opentelemetry/api';
import { shared } from '../../src/context/shared/shared.js';
import { useFakeClock } from '../support/fake-clock.js';
import { Call, Caller, turn, Work } from './shared-calls.js';

useFakeClock();

const owner = {};
const other = {};
const id = {};
const fn = () => 1;

describe('keys', () => {
  test.each<[string, object, object, boolean]>([
    ['an object', owner, owner, true],
    ['two objects that look alike', owner, other, false],
    ['a function', fn, fn, true],
    ['two arrays that begin with one object', [owner, 'user', 7], [owner, 'user', 7], true],
    ['an object, and an array with it alone', owner, [owner], true],
    ['two owners', [owner, 'user', 7], [other, 'user', 7], false],
    ['another id', [owner, 'user', 7], [owner, 'user', 8], false],
    ['one is the beginning of the other', [owner, 'user', 7], [owner, 'user'], false],
    ['one more member that is undefined', [owner, 'user', undefined], [owner, 'user'], false],
    ['the owner is the beginning of the other', owner, [owner, owner], false],
    ['a hole is undefined', [owner, undefined], new Array(2).fill(owner, 0, 1), true],
    ['a number and its text', [owner, 7], [owner, '7'], false],
    ['two NaN', [owner, Number.NaN], [owner, Number.NaN], true],
    ['0 and -0', [owner, 0], [owner, -0], true],
    ['one object as a member', [owner, id], [owner, id], true],
    ['two objects that look alike as members', [owner, {}], [owner, {}], false],
    ['two arrays that look alike as members', [owner, ['a']], [owner, ['a']], false],
    ['the parts are joined otherwise', [owner, 'a,b'], [owner, 'a', 'b'], false],
  ])('%s', async (_, one, two, same) => {
    const work = new Work();
    const calls = [new Call(one, work.fn), new Call(two, work.fn)];
    expect(work.runs).toHaveLength(same ? 1 : 2);
    // Once more, after both are over: nothing of them is left that could be joined.
    for (const { resolve } of work.runs) resolve('result');
    await turn();
    expect(calls.map(({ outcome }) => outcome)).toEqual([{ value: 'result' }, { value: 'result' }]);
    expect(await shared(two, () => 'next')).toBe('next');
    expect(await shared(one, () => 'next')).toBe('next');
  });

  test('an array may be changed after the call', async () => {
    const work = new Work();
    const key = [owner, 'a'];
    const call = new Call(key, work.fn);
    key[1] = 'b';
    const next = new Call([owner, 'a'], work.fn);
    expect(work.runs).toHaveLength(1);
    work.run.resolve(1);
    await turn();
    expect([call.outcome, next.outcome]).toEqual([{ value: 1 }, { value: 1 }]);
  });
});

describe('the end of one run leaves the keys beside it, above it and below it alone', () => {
  const keys = [[owner], [owner, 'a'], [owner, 'a', 'b'], [owner, 'c']];

  test.each(keys.map((key, at) => [key.slice(1), at] as const))('%j', async (_, ended) => {
    const works = keys.map(() => new Work());
    const callers = keys.map(() => new Caller());
    const askAll = () =>
      keys.map((key, at) => new Call(key, (works[at] as Work).fn, { parent: callers[at]?.parent ?? ROOT_CONTEXT }));
    askAll();
    callers[ended]?.scope.cancel();
    callers[ended] = new Caller();
    // The late end of a run that was cancelled must not free the key of its successor.
    const cancelled = works[ended]?.run;
    askAll();
    cancelled?.resolve('late');
    await turn();
    const calls = askAll();
    expect(works.map(({ runs }) => runs.length)).toEqual(keys.map((_, at) => (at === ended ? 2 : 1)));
    for (const { run } of works) run.resolve('result');
    await turn();
    expect(calls.map(({ outcome }) => outcome)).toEqual(keys.map(() => ({ value: 'result' })));
  });
});

describe('wrong arguments are thrown at once, and fn is not called', () => {
  const never = jest.fn();
  afterEach(() => expect(never).not.toHaveBeenCalled());
  const key = 'shared: expected an object, or an array that begins with one, got';

  test.each<[string, () => unknown, ErrorConstructor, string]>([
    ['a string as key', () => shared('user:1' as never, never), TypeError, `${key} "user:1"`],
    ['a symbol as key', () => shared(Symbol('x') as never, never), TypeError, `${key} Symbol(x)`],
    ['null as key', () => shared(null as never, never), TypeError, `${key} null`],
    ['no key', () => shared(undefined as never, never), TypeError, `${key} undefined`],
    ['an array of strings', () => shared(['user', 1], never), TypeError, `${key} "user"`],
    ['an empty array', () => shared([], never), TypeError, `${key} undefined`],
    ['an array that begins with an array', () => shared([[owner], 1], never), TypeError, `${key} Array`],
    ['no function', () => shared(owner, 1 as never), TypeError, 'shared: expected a function, got 1'],
    ['a negative budget', () => shared(owner, never, { budget: -1 }), RangeError, 'got -1'],
    ['a budget of NaN', () => shared(owner, never, { budget: Number.NaN }), RangeError, 'got NaN'],
    [
      'a text as budget',
      () => shared(owner, never, { budget: '5' as never }),
      TypeError,
      'budget: expected a number of',
    ],
    ['no Context', () => shared(owner, never, { parent: {} as never }), TypeError, 'shared: expected a Context, got'],
    ['a Context as options', () => shared(owner, never, ROOT_CONTEXT as never), TypeError, 'shared: expected '],
    ['null as options', () => shared(owner, never, null as never), TypeError, 'shared: expected an object of options'],
    ['an unknown option', () => shared(owner, never, { timeout: 5 } as never), TypeError, 'got "timeout"'],
  ])('%s', (_, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });

  test('also in a context that has ended', () => {
    const gone = new Caller();
    gone.scope.cancel();
    expect(() => shared([] as never, never, { parent: gone.parent })).toThrow(TypeError);
  });
});

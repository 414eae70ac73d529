import { scan } from './scanned.js';

test.each([
  ['k=v', 1],
  ['k=', 1],
  ['a=1,b=2', 2],
  ['a=1 ,\tb = 2 ; p = 1 ;q', 2],
  ['a=1,a=2', 2],
  ['k=%zz', 1],
  ['k==;p==', 1],
])('the valid field %j passes as it is', (text, members) => {
  expect(scan(text)).toMatchObject({ text, members, drops: [] });
});

test('white space around the field is taken away', () => {
  expect(scan(' \ta=1 , b=2\t ')).toMatchObject({ text: 'a=1 , b=2', members: 2, drops: [] });
});

test.each([[''], [' '], ['\t \t'], [','], [' , ,,']])('%j holds no members, and nothing was lost', (text) => {
  expect(scan(text)).toMatchObject({ text: '', members: 0, drops: [] });
});

test.each([
  [',a=1', 'a=1'],
  ['a=1,', 'a=1'],
  ['a=1, ,\t,b=2', 'a=1,b=2'],
  [',,a=1,,b=2,,', 'a=1,b=2'],
])('empty members of %j are left out in silence', (text, kept) => {
  expect(scan(text)).toMatchObject({ text: kept, drops: [] });
});

describe.each([
  ['=x'],
  [' = '],
  ['b c=x'],
  ['b/c=x'],
  ['"b"=x'],
  ['b=x y'],
  ['b="x"'],
  ['b=x\\y'],
  ['b=é'],
  ['clé=x'],
  ['b=x\r\ny: 1'],
  ['b=\u0000'],
  ['b=x\u007f'],
  ['\u00a0b=x'],
  ['b=x\u00a0'],
  ['\u000bb=x'],
  ['b\n=x'],
  ['b=\ud800'],
  ['b=\u012c'],
  ['b=x y;p'],
])('the member %j is not grammatical', (bad) => {
  test.each([
    ['alone', bad, ''],
    ['first', `${bad},a=1`, 'a=1'],
    ['last', `a=1,${bad}`, 'a=1'],
    ['between others', `a=1,${bad},c=3;p`, 'a=1,c=3;p'],
  ])('and left out: %s', (_, text, kept) => {
    const { text: passed, drops } = scan(text);
    expect(passed).toBe(kept);
    expect(drops.map(([reason, bytes]) => [reason, bytes])).toEqual([['invalid', bad.length]]);
  });
});

describe('the key of what is not grammatical', () => {
  test.each([
    ['b=x y', 'b'],
    [' b\t= "x"', 'b'],
    ['b%3D=\\', 'b%3D'],
  ])('is told when it can be read: %j', (bad, key) => {
    expect(scan(`a=1,${bad}`).drops).toEqual([['invalid', bad.length, key]]);
  });

  // It may be anything, a piece of a value that holds a comma for one: name="Doe, John".
  test.each([[' John"'], ['b'], ['b;p=1'], ['b c=x'], ['b/c=x'], ['clé=x']])(
    'is not told when what stands there is no key with a "=": %j',
    (bad) => {
      expect(scan(`a=1,${bad}`).drops).toEqual([['invalid', bad.length]]);
    },
  );
});

test.each([
  ['a=1;', 'a=1', 1],
  ['a=1;;p', 'a=1;p', 1],
  ['a=1;p q;r', 'a=1;r', 4],
  ['a=1;p="x";r=2;=', 'a=1;r=2', 8],
  ['a=1;p=é', 'a=1', 4],
  ['a=1;p\r\nx: y;q', 'a=1;q', 8],
  ['a = 1 ; p ; \u00a0 ; q', 'a = 1 ; p ; q', 4],
])('of %j the properties that are none are left out, not the member', (text, kept, lost) => {
  const before = 'z=0;zp';
  expect(scan(text)).toMatchObject({ text: kept, members: 1, drops: [['invalid-property', lost, 'a']] });
  expect(scan(`${before},${text},${before}`)).toMatchObject({ text: `${before},${kept},${before}`, members: 3 });
});

test('keys that the gate does not accept are left out', () => {
  const asked: string[] = [];
  const accepts = (key: string) => {
    asked.push(key);
    return key !== 'b';
  };
  expect(scan(' a=1 , b = 2;p ,c=3', {}, accepts)).toMatchObject({
    text: 'a=1 ,c=3',
    members: 2,
    drops: [['filtered', 9, 'b']],
  });
  expect(asked).toEqual(['a', 'b', 'c']);
});

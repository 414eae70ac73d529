import type { BaggageLimits } from '../../../src/wire/baggage/gate.js';
import { fieldOf, member } from '../../support/baggage/carrier.js';
import { scan } from './scanned.js';

describe('the limit on members', () => {
  test('lets as many pass', () => {
    const text = fieldOf(3, 30);
    expect(scan(text, { members: 3 })).toMatchObject({ text, members: 3, drops: [] });
  });

  test('cuts what is behind them, in one piece', () => {
    expect(scan('a=1,b=2,c=3,d=4', { members: 2 })).toMatchObject({
      text: 'a=1,b=2',
      members: 2,
      drops: [['members', 7]],
    });
  });

  test.each([
    ['empty', ',,a=1,b=2', 'a=1'],
    ['not grammatical', 'x,y,a=1,b=2', 'a=1'],
    ['duplicates', 'a=1,a=1,a=1,b=2', 'a=1,a=1,a=1'],
  ])('counts members that are %s', (_, text, kept) => {
    const { text: passed, drops } = scan(text, { members: 3 });
    expect(passed).toBe(kept);
    expect(drops.at(-1)).toEqual(['members', 3]);
  });

  test('of 0 lets none pass', () => {
    expect(scan('a=1', { members: 0 })).toMatchObject({ text: '', members: 0, drops: [['members', 3]] });
  });
});

describe('the limit on bytes', () => {
  test('lets as many pass', () => {
    const text = fieldOf(3, 30);
    expect(scan(text, { bytes: 30 })).toMatchObject({ text, members: 3, drops: [] });
  });

  test.each([
    ['the first', 2, '', 11],
    ['the first, at its last byte', 3, 'a=1', 7],
    ['its comma', 4, 'a=1', 7],
    ['within the second', 6, 'a=1', 7],
    ['the last, less one byte', 10, 'a=1,b=2', 3],
  ])('cuts at the last whole member: %s', (_, bytes, text, lost) => {
    expect(scan('a=1,b=2,c=3', { bytes })).toMatchObject({ text, drops: [['bytes', lost]] });
  });

  test('lets nothing pass that comes after a member too long', () => {
    expect(scan(`${member('a', 20)},b=2`, { bytes: 15 })).toMatchObject({ text: '', drops: [['bytes', 24]] });
  });

  test.each([['a=1,bb=22;pp=1;q,c=3;p=4'], ['a=,b=;p=,c=;p;q=,d= , e = '], ['a=1;p= ;q ,\tb=2']])(
    'passes the whole members that fit, whatever it is, never a part of one: %j',
    (text) => {
      for (let bytes = 0; bytes <= text.length; bytes++) {
        const cut = `${text},`.lastIndexOf(',', bytes);
        expect([bytes, scan(text, { bytes }).text]).toEqual([bytes, text.slice(0, Math.max(cut, 0)).trim()]);
      }
    },
  );
});

test('a member past the limit on one member is left out, and the others pass', () => {
  const [fits, tooLong] = [member('a', 10), member('b', 11)];
  expect(scan(`${fits},${tooLong},c=3`, { memberBytes: 10 })).toMatchObject({
    text: `${fits},c=3`,
    drops: [['member-bytes', 11, 'b']],
  });
});

describe('a gate that only reports', () => {
  const report = (text: string, limits: Partial<BaggageLimits>, accepts?: (key: string) => boolean) =>
    scan(text, limits, accepts, true);

  test.each([
    ['members', { members: 1 }, 'members'],
    ['bytes', { bytes: 5 }, 'bytes'],
    ['bytes of one member', { memberBytes: 3 }, 'member-bytes'],
  ])('lets pass what is past the limit on %s', (_, limits, reason) => {
    const text = 'a=1,bb=22,c=3';
    const { text: passed, members, drops } = report(text, limits);
    expect([passed, members]).toEqual([text, 3]);
    expect(drops.map(([each]) => each)).toEqual([reason]);
  });

  test('lets pass the keys that are filtered', () => {
    const accepts = (key: string) => key === 'a';
    expect(report('a=1,b=2', {}, accepts)).toMatchObject({ text: 'a=1,b=2', drops: [['filtered', 3, 'b']] });
  });

  test('does not let pass what is not grammatical', () => {
    expect(report('a=1,x y,b=2;"', { members: 1 })).toMatchObject({ text: 'a=1,b=2', members: 2 });
  });

  test.each<[string, string, Partial<BaggageLimits>?]>([
    ['one member', member('b', 70_000)],
    ['many members', Array.from({ length: 60 }, (_, i) => member(`k${i}`, 1200)).join(',')],
    ['a member past a high limit', member('b', 120_000), { bytes: 100_000, memberBytes: 100_000 }],
  ])('lets nothing pass beyond 64 KiB: %s', (_, text, limits = {}) => {
    const { text: passed, drops } = report(`a=1,${text}`, limits);
    expect(passed.length).toBeLessThanOrEqual(65_536);
    // Whole members, from the first on.
    expect(passed.startsWith('a=1')).toBe(true);
    expect(`a=1,${text},`.startsWith(`${passed},`)).toBe(true);
    expect(drops[0]?.[0]).toBe('bytes');
  });
});

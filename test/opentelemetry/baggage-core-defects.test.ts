import { propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import type { BaggageDrop } from '../../src/propagation/baggage/options.js';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import {
  baggageOf,
  type Entry,
  entriesOf,
  extract,
  forwarded,
  keysOf,
  member,
  received,
  sent,
} from '../support/baggage/carrier.js';

// What users of core's W3CBaggagePropagator (2.12.1 and 3.1.1) lose, and must not lose here.

const propagator = new BoundedBaggagePropagator();
const w3c = new BoundedBaggagePropagator({ limits: 'w3c' });

test('a member of more than 4096 bytes', () => {
  const field = `${member('a', 5000)},b=1`;
  expect(keysOf(received(w3c, field))).toEqual(['a', 'b']);
  expect(forwarded(w3c, field)).toBe(field);
  expect(sent(w3c, baggageOf(['a', 'x'.repeat(4998)], ['b', '1']))).toBe(field);
});

test('an entry with an empty value', () => {
  expect(entriesOf(received(propagator, 'k=,l= ,m=;p'))).toEqual([
    ['k', ''],
    ['l', ''],
    ['m', '', 'p'],
  ]);
  expect(sent(propagator, baggageOf(['k', ''], ['m', '', 'p']))).toBe('k=,m=;p');
});

test('a member with a percent sequence that is not UTF-8, or none', () => {
  const field = 'a=100%,b=%zz,c=%E9,d=%C3%A9';
  expect(entriesOf(received(propagator, field))).toEqual([
    ['a', '100%'],
    ['b', '%zz'],
    ['c', '\ufffd'],
    ['d', 'é'],
  ]);
  expect(forwarded(propagator, field)).toBe(field);
});

test('a key that looks like a bad escape', () => {
  expect(entriesOf(received(propagator, '%zz=1,100%=2'))).toEqual([
    ['%zz', '1'],
    ['100%', '2'],
  ]);
});

test('members that fit, to escapes that nobody needs', () => {
  const entries = Array.from({ length: 60 }, (_, i): Entry => [`k${i}`, '@:/?[]{}$&+<=>^`|#'.repeat(7).slice(0, 110)]);
  const field = entries.map(([key, value]) => `${key}=${value}`).join(',');
  expect(field).toHaveLength(6889);
  expect(sent(w3c, baggageOf(...entries))).toBe(field);
  expect(forwarded(w3c, field)).toBe(field);
});

test('the spelling of a key', () => {
  expect(keysOf(received(propagator, 'a%23b=1,%41=2'))).toEqual(['a%23b', '%41']);
  expect(forwarded(propagator, 'a%23b=1,%41=2')).toBe('a%23b=1,%41=2');
  expect(sent(propagator, baggageOf(['a#b', '1'], ['a%23b', '2'], ['$&+|^`', '3']))).toBe('a#b=1,a%23b=2,$&+|^`=3');
});

describe('an entry whose key an object has by itself', () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'];

  test.each(keys)('%s, and the others with it', (key) => {
    expect(entriesOf(received(propagator, `a=1,${key}=x;p,b=2`))).toEqual([
      ['a', '1'],
      [key, 'x', 'p'],
      ['b', '2'],
    ]);
    expect(sent(propagator, received(propagator, `${key}=x,a=1`).setEntry('b', { value: '2' }))).toBe(
      `${key}=x,a=1,b=2`,
    );
    expect(sent(propagator, baggageOf([key, 'x'], ['a', '1']))).toBe(`${key}=x,a=1`);
  });

  test('__proto__ alone, and the baggage of the context with it', () => {
    const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['own', '1']));
    expect(entriesOf(received(propagator, '__proto__=x', context))).toEqual([
      ['own', '1'],
      ['__proto__', 'x'],
    ]);
    expect(({} as { own?: unknown }).own).toBeUndefined();
  });

  test('and one that is not there is not found', () => {
    const baggage = received(propagator, 'a=1');
    expect(keys.map((key) => baggage.getEntry(key))).toEqual(keys.map(() => undefined));
  });
});

test('the order, to keys that look like integers', () => {
  expect(keysOf(received(propagator, 'b=1,10=2,9=3,a=4'))).toEqual(['b', '10', '9', 'a']);
  const entries = ['b', '10', '9', 'a'].map((key): Entry => [key, '1']);
  const two = new BoundedBaggagePropagator({ limits: { members: 2 } });
  expect(sent(two, baggageOf(...entries))).toBe('b=1,10=1');
  expect(forwarded(two, 'b=1,10=1,9=1,a=1')).toBe('b=1,10=1');
});

test('the request, to baggage that is longer in bytes than in characters', () => {
  const field = sent(propagator, baggageOf(['a', 'é'.repeat(600)], ['b', '漢'.repeat(100)])) ?? '';
  expect(field).toMatch(/^a=(%C3%A9){600}$/);
  expect(Buffer.byteLength(field)).toBeLessThanOrEqual(4096);
});

describe('control of what is sent, to metadata that holds', () => {
  test.each([
    ['a further member', 'p=1,admin=true'],
    ['a further member alone', ',admin=true'],
    ['a line break', 'p=1\r\nx-admin: true'],
    ['a line feed', 'p\nq'],
    ['a null character', 'p=\u0000'],
    ['what is not ASCII', 'p=é'],
    ['a character that becomes a line break as a byte', 'p=\u560a'],
    ['a character that becomes a comma as a byte', 'p=1\u012cadmin=true'],
    ['a quoted text', 'p="a,admin=true"'],
  ])('%s: the entry is kept', (_, metadata) => {
    expect(sent(propagator, baggageOf(['a', '1', metadata], ['b', '2', `q=1;${metadata};r`]))).toBe('a=1,b=2;q=1;r');
  });

  test.each([['a=1;p\r\nx: y'], ['a=1;p=\u00e9'], ['a=1;p="x"']])('%j, received: the entry is kept', (member) => {
    expect(forwarded(propagator, `${member},b=2`)).toBe('a=1,b=2');
  });
});

test('all baggage, to a lone surrogate in one value', () => {
  expect(sent(propagator, baggageOf(['a', '1'], ['b', 'x\ud800y'], ['c', '3']))).toBe('a=1,b=x%EF%BF%BDy,c=3');
});

describe('all baggage, to a getter that returns', () => {
  const holes = Object.assign(Array<string>(3), { 0: 'a=1', 2: 'b=2' });
  test.each<[string, unknown]>([
    ['a hole among the lines', holes],
    ['a Buffer among them', ['a=1', Buffer.from('c=3'), 'b=2']],
    ['nothing among them', ['a=1', undefined, null, 'b=2']],
    ['what is no text among them', ['a=1', 5, {}, ['c=3'], Symbol('c=3'), 'b=2']],
  ])('%s', (_, lines) => {
    expect(entriesOf(received(propagator, lines))).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  test('a Buffer: what the context had stays', () => {
    const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['own', '1']));
    expect(extract(propagator, Buffer.from('a=1'), context)).toBe(context);
  });
});

describe('time, to members that are', () => {
  test.each([
    ['empty', ''],
    ['not grammatical', '%zz'],
    ['duplicates', 'a=1'],
    ['without a key', '=1'],
  ])('%s: they count', (_, bad) => {
    const drops: BaggageDrop[] = [];
    const watched = new BoundedBaggagePropagator({ onDrop: (drop) => void drops.push(drop) });
    const bads = (count: number) => `${bad},`.repeat(count);
    expect(keysOf(received(watched, `${bads(63)}z=1`))).toContain('z');
    expect(keysOf(received(watched, `${bads(64)}z=1`))).not.toContain('z');
    expect(keysOf(received(watched, [...Array<string>(64).fill(bad), 'z=1']))).not.toContain('z');
    expect(drops.at(-1)).toEqual({ direction: 'inbound', reason: 'members', bytes: 3 });
  });
});

describe('white space that is no space or tab: it is not taken away in silence', () => {
  test.each([['\u000b'], ['\u000c'], ['\r'], ['\n'], ['\u00a0'], ['\ufeff'], ['\u2028'], ['\u3000']])('%j', (space) => {
    const reasons: string[] = [];
    const watched = new BoundedBaggagePropagator({ onDrop: ({ reason }) => void reasons.push(reason) });
    expect(entriesOf(received(watched, `a=${space}1,${space}b=2,c${space}=3,d=4${space},e=5`))).toEqual([['e', '5']]);
    expect(reasons).toEqual(['invalid', 'invalid', 'invalid', 'invalid']);
    const value = `${space}v${space}`;
    expect(entriesOf(received(watched, sent(watched, baggageOf(['k', value]))))).toEqual([['k', value]]);
  });
});

test('word of what was dropped', () => {
  const drops: BaggageDrop[] = [];
  const watched = new BoundedBaggagePropagator({ onDrop: (drop) => void drops.push(drop) });
  forwarded(watched, [member('a', 4000), '=1', member('c', 3000), member('d', 2000)]);
  expect(drops.map(({ direction, reason, key }) => [direction, reason, key])).toEqual([
    ['inbound', 'invalid', undefined],
    ['inbound', 'bytes', undefined],
    ['outbound', 'bytes', 'c'],
  ]);
});

test('the baggage that the context had', () => {
  const context = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['own', '1'], ['both', 'own']));
  expect(entriesOf(received(propagator, 'both=theirs,new=2', context))).toEqual([
    ['own', '1'],
    ['both', 'theirs'],
    ['new', '2'],
  ]);
});

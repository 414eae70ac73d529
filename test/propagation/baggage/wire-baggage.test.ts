import { type Baggage, type BaggageEntry, context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BoundedBaggagePropagator } from '../../../src/propagation/baggage/propagator.js';
import { baggageOf, entriesOf, extract, metadataOf, received, sent } from '../../support/baggage/carrier.js';

const propagator = new BoundedBaggagePropagator();
const FIELD = 'b=2;p = 1 ;q,a = %C3%A9 , 10=x,9=,__proto__=o;t';
const read = (field: unknown = FIELD) => received(propagator, field);

/** What FIELD holds, as the application would have set it. */
const set = () => baggageOf(['b', '2', 'p = 1 ;q'], ['a', 'é'], ['10', 'x'], ['9', ''], ['__proto__', 'o', 't']);

type Operation = [name: string, run: (baggage: Baggage) => Baggage];

const operations: Operation[] = [
  ['nothing', (baggage) => baggage],
  ['a new entry', (baggage) => baggage.setEntry('new', { value: 'é, ;' })],
  ['an entry in the place of another', (baggage) => baggage.setEntry('a', { value: '1' })],
  ['an entry with metadata', (baggage) => baggage.setEntry('a', { value: '1', metadata: metadataOf('m=1') })],
  ['an entry without the metadata', (baggage) => baggage.setEntry('b', { value: '2' })],
  ['the entry that is there', (baggage) => baggage.setEntry('b', baggage.getEntry('b') as BaggageEntry)],
  ['__proto__', (baggage) => baggage.setEntry('__proto__', { value: 'x' })],
  ['constructor', (baggage) => baggage.setEntry('constructor', { value: 'x' })],
  ['an integer', (baggage) => baggage.setEntry('1', { value: 'x' })],
  ['an entry twice', (baggage) => baggage.setEntry('n', { value: '1' }).setEntry('n', { value: '2' })],
  ['an entry removed', (baggage) => baggage.removeEntry('a')],
  ['an entry removed and set', (baggage) => baggage.removeEntry('b').setEntry('b', { value: 'x' })],
  ['an entry removed that is not there', (baggage) => baggage.removeEntry('nobody')],
  ['several removed', (baggage) => baggage.removeEntries('a', '10', 'nobody', 'a')],
  ['none removed', (baggage) => baggage.removeEntries()],
  ['all removed', (baggage) => baggage.removeEntries('b', 'a', '10', '9', '__proto__')],
  ['cleared', (baggage) => baggage.clear()],
  ['cleared and set', (baggage) => baggage.clear().setEntry('n', { value: '1' })],
  ['a long way', (baggage) => [...'abcdefghij'].reduce((each, key) => each.setEntry(key, { value: key }), baggage)],
  ['an invalid key', (baggage) => baggage.setEntry('a b', { value: '1' })],
  ['a Symbol for a key', (baggage) => baggage.setEntry(Symbol.iterator as never, { value: '1' })],
  ['an entry with more in it', (baggage) => baggage.setEntry('n', { value: '1', more: 2 } as BaggageEntry)],
  ['a value that is a number', (baggage) => baggage.setEntry('n', { value: 5 } as never)],
  ['null for an entry', (baggage) => baggage.setEntry('n', null as never)],
  ['undefined for an entry', (baggage) => baggage.setEntry('n', undefined as never)],
  ['0 for an entry', (baggage) => baggage.setEntry('n', 0 as never)],
  ['text for an entry', (baggage) => baggage.setEntry('n', 'v' as never)],
];

/** All that the methods say. */
function told(baggage: Baggage) {
  const keys: unknown[] = [
    'a',
    'b',
    '10',
    '9',
    '__proto__',
    'constructor',
    'toString',
    'n',
    'new',
    'a b',
    '',
    undefined,
  ];
  const entry = (each: BaggageEntry | undefined) =>
    each?.metadata === undefined ? each : { ...each, metadata: String(each.metadata) };
  return {
    all: baggage.getAllEntries().map(([key, each]) => [key, entry(each)]),
    each: keys.map((key) => entry(baggage.getEntry(key as string))),
  };
}

describe('behaves as the baggage of the api', () => {
  const kinds: [string, () => Baggage][] = [
    ['received', () => read()],
    ['received and read', () => told(read()) && read()],
    ['merged', () => received(propagator, FIELD.slice(FIELD.indexOf(',') + 1), extract(propagator, 'b=2;p = 1 ;q'))],
  ];

  describe.each(kinds)('%s', (_, make) => {
    test.each(operations)('%s', (_name, run) => {
      expect(told(run(make()))).toEqual(told(run(set())));
    });

    test.each(operations)('and is not changed by it: %s', (_name, run) => {
      const baggage = make();
      run(baggage);
      expect(told(baggage)).toEqual(told(set()));
    });
  });

  test('getEntry gives a copy', () => {
    const baggage = read();
    const entry = baggage.getEntry('a') as { value: string };
    entry.value = 'changed';
    expect(baggage.getEntry('a')).toEqual({ value: 'é' });
  });

  test('the list of entries is its own each time', () => {
    const baggage = read();
    baggage.getAllEntries().pop();
    expect(entriesOf(baggage)).toEqual(entriesOf(set()));
  });

  test('an entry without metadata has no such property', () => {
    const [without, within] = [read().getEntry('a'), read().getEntry('b')];
    expect([Object.keys(without ?? {}), Object.keys(within ?? {})]).toEqual([['value'], ['value', 'metadata']]);
    expect(within?.metadata).toEqual({ ...metadataOf(''), toString: expect.any(Function) });
  });
});

describe('members that nobody changed are sent byte for byte', () => {
  const odd = 'a = 1 ;p = 2;q,b=%41%zz;%7e';
  const cases: Operation[] = [
    ['a new entry', (baggage) => baggage.setEntry('z', { value: ' ' })],
    ['one changed', (baggage) => baggage.setEntry('c', { value: ' ' })],
    ['one changed in the place of another', (baggage) => baggage.removeEntry('c').setEntry('c', { value: ' ' })],
    ['one removed', (baggage) => baggage.removeEntry('c')],
    ['one removed that is not there', (baggage) => baggage.removeEntry('nobody')],
    ['read', (baggage) => told(baggage) && baggage],
  ];

  test.each(cases)('%s', (_, run) => {
    expect(
      sent(propagator, run(read(`${odd},c=3`)))
        ?.split(',')
        .slice(0, 2)
        .join(','),
    ).toBe(odd);
    expect(sent(propagator, run(read(['c=3', odd])))).toContain(odd);
    expect(sent(propagator, run(received(propagator, odd, extract(propagator, 'a=0,c=3'))))).toContain('b=%41%zz;%7e');
  });

  test('one that was changed is sent as it was set, also when it was set to what it is', () => {
    const baggage = read('a=%41,b=%42');
    expect(sent(propagator, baggage.setEntry('a', baggage.getEntry('a') as BaggageEntry))).toBe('a=A,b=%42');
  });

  test('baggage to which nothing was done is sent as the text that came', () => {
    const field = 'a = 1 ;p = 2;q\t, b=%41%zz,a=3,c=';
    expect(sent(propagator, read(` ${field} `))).toBe(field);
    expect(sent(propagator, read(field.split(',')))).toBe(field);
  });
});

test('is the active baggage of a request, and can be changed there', () => {
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  try {
    context.with(extract(propagator, 'user=alice'), () => {
      const active = propagation.getActiveBaggage() as Baggage;
      expect(entriesOf(active)).toEqual([['user', 'alice']]);
      const changed = propagation.setBaggage(context.active(), active.setEntry('plan', { value: 'gold' }));
      context.with(changed, () => {
        expect(sent(propagator, propagation.getActiveBaggage() as Baggage)).toBe('user=alice,plan=gold');
      });
    });
  } finally {
    context.disable();
    manager.disable();
  }
});

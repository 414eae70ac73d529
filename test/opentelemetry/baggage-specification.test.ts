import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import {
  baggageOf,
  type Entry,
  entriesOf,
  fieldOf,
  forwarded,
  member,
  received,
  sent,
} from '../support/baggage/carrier.js';

// https://www.w3.org/TR/baggage/ and the tests of its repository (w3c/baggage, test/test_baggage.py).

const propagator = new BoundedBaggagePropagator();
const conforming = new BoundedBaggagePropagator({ limits: 'w3c' });

const alice: Entry[] = [
  ['userId', 'alice'],
  ['serverNode', 'DF 28'],
  ['isProduction', 'false'],
];

describe('reads', () => {
  test.each<[string, string | string[], Entry[]]>([
    [
      'the example of a list',
      'key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue',
      [
        ['key1', 'value1', 'property1;property2'],
        ['key2', 'value2'],
        ['key3', 'value3', ' propertyKey=propertyValue'],
      ],
    ],
    ['a single header', 'userId=alice,serverNode=DF%2028,isProduction=false', alice],
    ['several headers', ['userId=alice', 'serverNode=DF%2028,isProduction=false'], alice],
    ['headers with spaces', ['userId =   alice', 'serverNode = DF%2028, isProduction = false'], alice],
    ['a value beyond ASCII', 'userId=Am%C3%A9lie', [['userId', 'Amélie']]],
    ['an equals sign in a value', 'SomeKey=SomeValue=equals', [['SomeKey', 'SomeValue=equals']]],
    [
      'an empty value',
      'SomeKey=,Other= ;p',
      [
        ['SomeKey', ''],
        ['Other', '', 'p'],
      ],
    ],
    [
      'escapes',
      'SomeKey=%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29',
      [['SomeKey', '\t "\';=asdf!@#$%^&*()']],
    ],
    [
      'white space in every place',
      'SomeKey \t = \t SomeValue \t ; \t SomeProp \t , \t SomeKey2 \t = \t SomeValue2 \t ; \t ValueProp \t = \t PropVal',
      [
        ['SomeKey', 'SomeValue', ' \t SomeProp'],
        ['SomeKey2', 'SomeValue2', ' \t ValueProp \t = \t PropVal'],
      ],
    ],
    [
      'keys that differ in case',
      'key=1,KEY=2',
      [
        ['key', '1'],
        ['KEY', '2'],
      ],
    ],
    [
      'the last of duplicates',
      'a=1,b=2,a=3;p',
      [
        ['a', '3', 'p'],
        ['b', '2'],
      ],
    ],
    ['every character of a key', "!#$%&'*+-.^_`|~09AZaz=1", [["!#$%&'*+-.^_`|~09AZaz", '1']]],
    [
      'octets that are not UTF-8',
      'a=%E9t%E9,b=%F0%9F%98',
      [
        ['a', '\ufffdt\ufffd'],
        ['b', '\ufffd'],
      ],
    ],
  ])('%s', (_, field, entries) => {
    expect(entriesOf(received(propagator, field))).toEqual(entries);
  });

  test.each([
    ['key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue'],
    ['SomeKey \t = \t SomeValue \t ; \t SomeProp \t , \t SomeKey2 \t = \t SomeValue2'],
    ['SomeKey=%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29'],
    ['a=%E9t%E9,b=%F0%9F%98,c=100%'],
    ['a=1,b=2,a=3;p'],
  ])('and sends on as it came: %j', (field) => {
    expect(forwarded(propagator, field)).toBe(field);
  });
});

test('writes the example of a single header', () => {
  expect(sent(propagator, baggageOf(...alice))).toBe('userId=alice,serverNode=DF%2028,isProduction=false');
});

test('what it writes of any value reads as that value', () => {
  const value = '\t "\';=asdf!@#$%^&*()';
  const field = sent(propagator, baggageOf(['SomeKey', value]));
  expect(field).toBe("SomeKey=%09%20%22'%3B=asdf!@#$%25^&*()");
  expect(entriesOf(received(propagator, field))).toEqual([['SomeKey', value]]);
});

// Section 3.3.2. 'safe' is below that floor on the way out, and says so.
describe("'w3c' propagates all that is within the floor", () => {
  test.each([
    ['64 members', fieldOf(64, 600)],
    ['8192 bytes in one member', member('a', 8192)],
    ['8192 bytes in 64 members', fieldOf(64, 8192)],
  ])('%s', (_, field) => {
    expect(forwarded(conforming, field)).toBe(field);
    expect(sent(conforming, baggageOf(...entriesOf(received(conforming, field))))).toBe(field);
  });

  test('members that the application adds included', () => {
    const field = fieldOf(63, 8187);
    expect(sent(conforming, received(conforming, field).setEntry('z', { value: 'é' }))).toBe(field);
    expect(sent(conforming, received(conforming, field).setEntry('z', { value: '12' }))).toBe(`${field},z=12`);
  });
});

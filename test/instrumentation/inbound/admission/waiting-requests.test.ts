import type { Arrival } from '../../../../src/instrumentation/inbound/admission/arrival.js';
import { WaitingRequests } from '../../../../src/instrumentation/inbound/admission/waiting-requests.js';

interface Named extends Arrival {
  readonly name: string;
}

function arrival(name: string, connection?: object): Named {
  return { name, connection, readAt: 0, budget: undefined, isOver: () => false, begin() {}, refuse() {} };
}

function fill(...arrivals: Named[]): WaitingRequests {
  const waiting = new WaitingRequests();
  for (const each of arrivals) waiting.add(each);
  return waiting;
}

function takeAll(waiting: WaitingRequests, take: 'takeOldest' | 'takeNewest'): string[] {
  const names: string[] = [];
  for (let next = waiting[take](); next !== undefined; next = waiting[take]()) names.push((next as Named).name);
  return names;
}

const [first, second] = [{}, {}];

test.each([
  ['takeOldest', ['a', 'b', 'c']],
  ['takeNewest', ['c', 'b', 'a']],
] as const)('%s takes those without a connection in its order', (take, expected) => {
  const waiting = fill(arrival('a'), arrival('b'), arrival('c'));
  expect(waiting.count).toBe(3);
  expect(takeAll(waiting, take)).toEqual(expected);
  expect(waiting.count).toBe(0);
});

test.each(['takeOldest', 'takeNewest'] as const)('%s keeps the order of the requests of one connection', (take) => {
  const waiting = fill(arrival('a1', first), arrival('b1', second), arrival('a2', first), arrival('a3', first));
  expect(waiting.count).toBe(4);
  const names = takeAll(waiting, take);
  expect(names).toHaveLength(4);
  expect(names.filter((name) => name.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
});

test('a request that is removed lets the next one of its connection take its place', () => {
  const waiting = fill(arrival('a1', first), arrival('a2', first), arrival('b'));
  waiting.removeWhere((each) => (each as Named).name === 'a1');
  expect(waiting.count).toBe(2);
  expect(takeAll(waiting, 'takeOldest').sort()).toEqual(['a2', 'b']);
});

test('tells of each how many newer ones there are', () => {
  const waiting = fill(arrival('a'), arrival('b'), arrival('c'));
  const newer: Record<string, number> = {};
  waiting.removeWhere((each, count) => {
    newer[(each as Named).name] = count;
    return false;
  });
  expect(newer).toEqual({ a: 2, b: 1, c: 0 });
});

test('many can be taken in turn with others that come', () => {
  const waiting = new WaitingRequests();
  const names: string[] = [];
  for (let i = 0; i < 1000; i++) {
    waiting.add(arrival(`${2 * i}`));
    waiting.add(arrival(`${2 * i + 1}`));
    names.push((waiting.takeOldest() as Named).name);
  }
  names.push(...takeAll(waiting, 'takeOldest'));
  expect(names).toEqual(Array.from({ length: 2000 }, (_, i) => String(i)));
});

test('the oldest is the one that waits longest', () => {
  const waiting = fill(arrival('a'), arrival('b'));
  expect(waiting.oldest).toMatchObject({ name: 'a' });
  waiting.takeOldest();
  expect(waiting.oldest).toMatchObject({ name: 'b' });
  waiting.takeOldest();
  expect(waiting.oldest).toBeUndefined();
});

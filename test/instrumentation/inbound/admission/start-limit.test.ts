import { LOOK_INTERVAL } from '../../../../src/instrumentation/inbound/admission/event-loop-load.js';
import { StartLimit } from '../../../../src/instrumentation/inbound/admission/start-limit.js';

/** More than any limit: the pace allows all. */
const MANY = 1e6;

function load(utilization: number, recently = 0.9) {
  const isBusy = utilization > 0.95;
  return { utilization, recently, isBusy, interval: LOOK_INTERVAL, look: () => true };
}

/** How many may be unfinished. */
function limitOf(limit: StartLimit): number {
  let unfinished = 0;
  while (unfinished < 10_000 && limit.allows(unfinished)) unfinished++;
  return unfinished;
}

/** Busy for long enough, with that many unfinished, of which `inTime` would finish in time. */
function overloaded(unfinished: number, inTime: number): StartLimit {
  const limit = new StartLimit();
  for (let i = 0; i < 5; i++) limit.adjust(load(1), unfinished, inTime, true);
  return limit;
}

test('short busy moments set no limit', () => {
  const limit = new StartLimit();
  for (const utilization of [1, 1, 0.5, 1, 1, 1, 0.5, 1]) limit.adjust(load(utilization), 40, MANY, false);
  expect(limit.allows(1e6)).toBe(true);
});

test('one look does, at a turn of the loop that was long', () => {
  const limit = new StartLimit();
  limit.adjust({ ...load(1), interval: 300 }, 40, 20, false);
  expect(limitOf(limit)).toBe(20);
});

test.each([
  [40, 20, 20],
  [40, 0.5, 2],
  [6, 20, 6],
  [1, 20, 2],
  [0, 0, 2],
])('with %i unfinished, of which %d would finish in time, %i may be', (unfinished, inTime, expected) => {
  expect(limitOf(overloaded(unfinished, inTime))).toBe(expected);
});

test.each([
  ['falls', 6, 6],
  ['rises', 30, 30],
  ['falls to 1', 0, 1],
])('%s to what finishes in time while the loop is full', (_, inTime, expected) => {
  const limit = overloaded(40, 20);
  limit.adjust(load(1), 40, inTime, true);
  expect(limitOf(limit)).toBe(expected);
});

test('stays while the loop has time: then the requests wait for something else', () => {
  const limit = overloaded(40, 20);
  limit.adjust(load(0.98), 40, 6, true);
  expect(limitOf(limit)).toBe(20);
});

test.each([
  [0.95, 21],
  [0.9, 22],
  [0.5, 24],
  [0, 24],
])('grows towards what fills the loop where it has held back at a utilization of %d', (utilization, expected) => {
  const limit = overloaded(40, 20);
  limit.allows(40);
  limit.adjust(load(utilization), 20, MANY, true);
  expect(limitOf(limit)).toBe(expected);
});

test('grows by at least one', () => {
  const limit = overloaded(1, 1);
  limit.allows(2);
  limit.adjust(load(0.9), 2, MANY, true);
  expect(limitOf(limit)).toBe(3);
});

test('is given up at once where it has held back although the loop has been idle', () => {
  const limit = overloaded(40, 20);
  limit.allows(40);
  limit.adjust(load(0.1, 0.4), 20, MANY, true);
  expect(limit.allows(1e6)).toBe(true);
});

test('is given up some time after the overload', () => {
  const limit = overloaded(40, 20);
  for (let i = 0; i < 150; i++) limit.adjust(load(0.3), 10, MANY, false);
  expect(limit.allows(1e6)).toBe(true);
});

import { Unfinished } from '../../../../src/instrumentation/inbound/admission/unfinished.js';

/** Requests have begun at these instants. */
function begun(...instants: number[]): Unfinished {
  const unfinished = new Unfinished();
  for (const instant of instants) unfinished.begin(instant);
  return unfinished;
}

test('counts what has begun and not finished', () => {
  const unfinished = begun(5000, 5001);
  expect(unfinished.count).toBe(2);
  unfinished.finish(5000);
  unfinished.finish(5001);
  expect(unfinished.count).toBe(0);
});

test('leaves out what has begun two generations ago, and does not count its end', () => {
  const unfinished = begun(5000, 6000);
  expect(unfinished.count).toBe(2);
  unfinished.advance(7000);
  expect(unfinished.count).toBe(1);
  unfinished.finish(5000);
  expect(unfinished.count).toBe(1);
});

test('counts nothing of a time long ago', () => {
  const unfinished = begun(5000);
  unfinished.advance(60_000);
  expect(unfinished.count).toBe(0);
  unfinished.finish(5000);
  expect(unfinished.count).toBe(0);
});

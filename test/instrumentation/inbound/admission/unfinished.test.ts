import { Unfinished } from '../../../../src/instrumentation/inbound/admission/unfinished.js';

test('counts what has begun and not finished', () => {
  const unfinished = new Unfinished();
  unfinished.advance(5000);
  const [one, two] = [unfinished.begin(), unfinished.begin()];
  expect(unfinished.count).toBe(2);
  unfinished.finish(one);
  unfinished.finish(two);
  expect(unfinished.count).toBe(0);
});

test('leaves out what has begun two generations ago, and does not count its end', () => {
  const unfinished = new Unfinished();
  unfinished.advance(5000);
  const stream = unfinished.begin();
  unfinished.advance(6000);
  unfinished.begin();
  expect(unfinished.count).toBe(2);
  unfinished.advance(7000);
  expect(unfinished.count).toBe(1);
  unfinished.finish(stream);
  expect(unfinished.count).toBe(1);
});

test('counts nothing of a time long ago', () => {
  const unfinished = new Unfinished();
  unfinished.advance(5000);
  const old = unfinished.begin();
  unfinished.advance(60_000);
  expect(unfinished.count).toBe(0);
  unfinished.finish(old);
  expect(unfinished.count).toBe(0);
});

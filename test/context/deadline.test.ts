import { Deadline } from '../../src/context/deadline.js';

test('a', () => {
  expect(Deadline.after(5).budget).toBe(5);
  expect(() => Deadline.after(-1)).toThrow(RangeError);
});

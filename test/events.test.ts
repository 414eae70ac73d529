import { type DeadlineEvent, listen, record } from '../src/events.js';

const event = { type: 'malformed', field: 'timebudget' } as const satisfies DeadlineEvent;

test('every listener is told, until it is removed', () => {
  const [first, second] = [jest.fn(), jest.fn()];
  const removeFirst = listen(first);
  const removeSecond = listen(second);
  record(event);
  removeFirst();
  removeFirst();
  record(event);
  removeSecond();
  record(event);
  expect(first.mock.calls).toEqual([[event]]);
  expect(second.mock.calls).toEqual([[event], [event]]);
});

test('a listener that throws disturbs neither the others nor whoever tells', () => {
  const second = jest.fn();
  const remove = [
    listen(() => {
      throw new Error('a broken listener');
    }),
    listen(second),
  ];
  expect(() => record(event)).not.toThrow();
  expect(second).toHaveBeenCalledTimes(1);
  for (const removeListener of remove) removeListener();
});

test('a listener that removes itself is told once, and the others are told', () => {
  const other = jest.fn();
  const once = jest.fn(() => removeOnce());
  const removeOnce = listen(once);
  const removeOther = listen(other);
  record(event);
  record(event);
  removeOther();
  expect([once.mock.calls.length, other.mock.calls.length]).toEqual([1, 2]);
});

import { ShortestTime } from '../../../../src/instrumentation/inbound/admission/shortest-time.js';

type Finish = readonly [ms: number, instant: number];

test.each<[string, Finish[], number, number]>([
  ['nothing has finished', [], 5000, 0],
  [
    'the shortest counts',
    [
      [20, 5000],
      [10, 5010],
      [30, 5020],
    ],
    5030,
    10,
  ],
  [
    'of the last window as well',
    [
      [10, 5000],
      [20, 6500],
    ],
    6500,
    10,
  ],
  [
    'but not of the one before',
    [
      [10, 5000],
      [20, 6500],
      [20, 7600],
    ],
    7600,
    20,
  ],
  ['nor of a time long ago', [[10, 5000]], 8000, 0],
  [
    'nor after it',
    [
      [10, 5000],
      [20, 60_000],
    ],
    60_000,
    20,
  ],
])('%s', (_, finishes, instant, expected) => {
  const shortest = new ShortestTime();
  for (const finish of finishes) shortest.note(...finish);
  expect(shortest.at(instant)).toBe(expected);
});

import { Flow } from '../../../../src/instrumentation/inbound/admission/flow.js';

function flow(arrived: number, begun: number, finished: number, times: readonly number[] = [0, 50]): Flow {
  const result = new Flow();
  const [start = 0, ...others] = times;
  result.reset(start);
  for (let i = 0; i < arrived; i++) result.noteArrival();
  for (let i = 0; i < begun; i++) result.noteBegin();
  for (let i = 0; i < finished; i++) result.noteFinish();
  for (const time of others) result.advance(time);
  return result;
}

test.each([
  ['more begin than come', 5, 10, 0.1],
  ['as many begin as come', 10, 10, 0],
  ['fewer begin than come', 10, 5, 0],
  ['nothing happens', 0, 0, 0],
])('%s: the queue gets shorter', (_, arrived, begun, drained) => {
  expect(flow(arrived, begun, 0).drained).toBe(drained);
});

test('no time has passed: nobody knows', () => {
  const { drained, done } = flow(0, 5, 5, [1000]);
  expect([drained, done]).toEqual([0, undefined]);
});

test.each([
  [[0, 10], undefined],
  [[0, 50], 0.2],
  [[0, 100], 0.1],
  [[0, 100, 200], 0.05],
  [[0, 100, 200, 300], 0],
])('10 requests have finished; at the times %j, in a ms', (times, done) => {
  expect(flow(0, 0, 10, times).done).toBe(done);
});

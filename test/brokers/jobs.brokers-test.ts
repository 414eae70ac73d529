import { join } from 'node:path';
import { ChildProcess } from '../support/processes/child-process.js';
import { RunningBroker } from './running-broker.js';

// A request leaves work to jobs. Its budget is in their messages, and is spent when the jobs begin.

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const fields = { timebudget: '1000', traceparent: `00-${traceId}-00f067aa0ba902b7-01`, baggage: 'user=u-17' };

const brokers: RunningBroker[] = [];
beforeAll(async () => {
  brokers.push(...(await Promise.all([RunningBroker.rabbitMq(), RunningBroker.redis()])));
});
afterAll(async () => {
  await Promise.all(brokers.map((broker) => broker.stop()));
});

/** A job that goes on to its end: no deadline, and none in its call. */
const free = {
  remaining: Number.POSITIVE_INFINITY,
  outcome: 'done',
  sent: { traceparent: expect.stringContaining(traceId), baggage: 'user=u-17' },
};
/** A job that has the budget of the request, counted anew. */
const bound = { remaining: expect.any(Number), outcome: 'DeadlineExceededError' };

describe.each<[string, { mode?: 'enforce' | 'observe'; way: 'plain' | 'detach' | 'withCaller' }, object]>([
  ['with the instrumentation', { mode: 'enforce', way: 'plain' }, free],
  ['with the instrumentation that observes', { mode: 'observe', way: 'plain' }, free],
  ['with the instrumentation, and withCaller in the consumer', { mode: 'enforce', way: 'withCaller' }, bound],
  ['with the propagator alone', { way: 'plain' }, bound],
  ['with the propagator alone, and detach in the consumer', { way: 'detach' }, free],
])('%s', (_, how, expected) => {
  // biome-ignore lint/suspicious/noExplicitAny: what the program reports
  let report: any;
  beforeAll(async () => {
    const [amqp, redis] = brokers.map(({ port }) => port);
    const args = [JSON.stringify({ amqp, redis, fields, ...how })];
    ({ report } = await ChildProcess.run(join(__dirname, 'fixtures/jobs.cjs'), { args }));
  });

  test('the request is answered', () => {
    expect(report.statusCode).toBe(200);
  });

  test.each(['RabbitMQ', 'BullMQ'])(
    `a job of %s ${expected === free ? 'completes' : 'ends with the budget'}`,
    (broker) => {
      const { carried, ...job } = report[broker];
      expect(Number(carried)).toBeGreaterThan(0);
      expect(job).toEqual({ ...expected, traceId, user: 'u-17' });
      if (expected === bound) expect(job.remaining).toBeLessThanOrEqual(1_000);
    },
  );
});

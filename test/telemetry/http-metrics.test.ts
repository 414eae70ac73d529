import { Handlings } from '../instrumentation/http/handlings.js';
import { RawClient, Servers } from '../instrumentation/http/servers.js';
import { Enforcement } from '../support/enforcement.js';
import { advance } from '../support/fake-clock.js';
import { pointsOf, useMetrics } from '../support/metric-points.js';
import { within } from '../support/waiting.js';

const servers = new Servers();
const metrics = useMetrics();
const enforcement = new Enforcement();

/** Asks with these headers; the answer comes `ms` after the request. */
async function serve(headers: string[], ms: number): Promise<void> {
  const handlings = new Handlings();
  const { port, connections } = await servers.serve(handlings.handler);
  const client = new RawClient(port).send(['GET / HTTP/1.1', ...headers, 'connection: close']);
  const { response } = await handlings.arrived();
  advance(ms);
  response.end('answer');
  await client.received(/answer/);
  await within(2_000, 'the response to be done', () => connections.every(({ closed }) => closed));
}

const http = { 'deadline.transport': 'http' };

test('a request that brings a budget is measured on arrival and at its end', async () => {
  await serve(['timebudget: 400'], 100);
  expect(await pointsOf(metrics.reader)).toEqual({
    'deadline.budget.received': [{ unit: 's', attributes: http, value: { count: 1, sum: 0.4 } }],
    'deadline.budget.utilization': [{ unit: '1', attributes: http, value: { count: 1, sum: 0.25 } }],
  });
});

test('one that has used more than its budget is measured, and counted', async () => {
  await serve(['timebudget: 400'], 600);
  const points = await pointsOf(metrics.reader);
  expect(points['deadline.budget.utilization']).toMatchObject([{ value: { count: 1, sum: 1.5 } }]);
  expect(points['deadline.exceeded']).toEqual([
    { unit: '{call}', attributes: { ...http, 'deadline.side': 'server', 'deadline.source': 'inherited' }, value: 1 },
  ]);
});

test('the default budget has not been received, and is used up as any other', async () => {
  enforcement.configure({ server: { defaultBudget: 200 } });
  await serve([], 300);
  const points = await pointsOf(metrics.reader);
  expect(points['deadline.budget.received']).toBeUndefined();
  expect(points['deadline.budget.utilization']).toMatchObject([{ value: { count: 1, sum: 1.5 } }]);
  expect(points['deadline.exceeded']).toMatchObject([{ attributes: { 'deadline.source': 'own' } }]);
});

test('one without a budget is not measured', async () => {
  await serve([], 100);
  expect(await pointsOf(metrics.reader)).toEqual({});
});

test('one that arrives too late is counted as rejected, and no share of it is recorded', async () => {
  const { port } = await servers.serve(() => {});
  await new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 0']).received(/exceeded/);
  const points = await pointsOf(metrics.reader);
  expect(points['deadline.rejected']).toMatchObject([{ attributes: { ...http, 'deadline.side': 'server' }, value: 1 }]);
  expect(points['deadline.budget.received']).toMatchObject([{ value: { count: 1, sum: 0 } }]);
  expect(points['deadline.budget.utilization']).toBeUndefined();
});

test('switched off and on again, each request is counted once', async () => {
  enforcement.configure({ server: { defaultBudget: 200 } });
  enforcement.configure({});
  await serve(['timebudget: 400'], 100);
  const points = await pointsOf(metrics.reader);
  expect(points['deadline.budget.received']).toMatchObject([{ value: { count: 1 } }]);
  expect(points['deadline.budget.utilization']).toMatchObject([{ value: { count: 1 } }]);
});

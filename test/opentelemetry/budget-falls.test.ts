import { chainOf, expectFallingBudget, onlyCall } from './budget.js';
import { type Plan, type Transport, transports } from './fixtures/transports.cjs';
import { useHops } from './hop-processes.js';

const INSTRUMENTATIONS: [Transport, string][] = [
  ['http.request', '@opentelemetry/instrumentation-http'],
  ['fetch', '@opentelemetry/instrumentation-undici'],
  ['undici', '@opentelemetry/instrumentation-undici'],
  ['gRPC', '@opentelemetry/instrumentation-grpc'],
];
const ALL = INSTRUMENTATIONS.map(([transport]) => transport);

const hop = useHops(ALL.length + 1);

/** A chain through as many hops as there are transports, and one more; each spends some time first. */
function chain(over: readonly Transport[], spend: number, depth = 0): Plan {
  const [next, ...rest] = over;
  if (next === undefined) return { spend };
  return { spend, calls: [{ over: next, to: hop(depth + 1), plan: chain(rest, spend, depth + 1) }] };
}

describe.each(INSTRUMENTATIONS)('a call over %s', (transport, instrumentation) => {
  test('takes the budget along, less what was spent', async () => {
    const report = await transports['http.request'](hop(0), chain([transport], 30), { timebudget: '60000' });
    const call = onlyCall(report);
    expect(call.instrumentation).toBe(instrumentation);
    expect(call.report.lines).toEqual([expect.stringMatching(/^\d+$/)]);
    expect(call.report.arrival.remaining).toBeLessThanOrEqual(60_000 - 29);
    expectFallingBudget(report);
  });

  test('starts the budget where withTimeout sets it', async () => {
    const plan: Plan = { calls: [{ over: transport, to: hop(1), plan: {}, timeout: 700 }] };
    const report = await transports['http.request'](hop(0), plan, {});
    expect(report.arrival.remaining).toBe(Number.POSITIVE_INFINITY);
    expect(onlyCall(report).report.arrival.remaining).toBeLessThanOrEqual(700);
    expectFallingBudget(report);
  });

  test('gets no longer budget from a longer withTimeout', async () => {
    const plan: Plan = { calls: [{ over: transport, to: hop(1), plan: {}, timeout: 120_000 }] };
    const report = await transports['http.request'](hop(0), plan, { timebudget: '60000' });
    expect(onlyCall(report).report.arrival.remaining).toBeLessThanOrEqual(60_000);
    expectFallingBudget(report);
  });

  test('takes an exhausted budget along as 0, not as none', async () => {
    const report = await transports['http.request'](hop(0), chain([transport], 30), { timebudget: '10' });
    const { report: called } = onlyCall(report);
    expect(called.lines).toEqual(['0']);
    expect(called.arrival.remaining).toBe(0);
  });

  test('takes no budget along when there is none', async () => {
    const report = await transports['http.request'](hop(0), chain([transport], 0), {});
    const call = onlyCall(report);
    expect(call.instrumentation).toBe(instrumentation);
    expect(call.report.lines).toEqual([]);
    expect(call.report.arrival.remaining).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a chain over all transports', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const orders = ALL.map((_, i): [string, Transport[]] => {
    const order = [...ALL.slice(i), ...ALL.slice(0, i)];
    return [order.join(', '), order];
  });

  test.each(orders)('%s: budget, trace and baggage arrive at each process', async (_, order) => {
    const report = await transports['http.request'](hop(0), chain(order, 20), {
      timebudget: '60000',
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      baggage: 'user_id=u-17,tenant_id=acme',
    });
    const reports = chainOf(report);
    expect(new Set(reports.map(({ pid }) => pid)).size).toBe(ALL.length + 1);
    expect(reports.map((each) => each.traceId)).toEqual(reports.map(() => traceId));
    expect(reports.map((each) => each.baggage)).toEqual(reports.map(() => ({ user_id: 'u-17', tenant_id: 'acme' })));
    expectFallingBudget(report);
  });

  test('requests under way at the same time keep their own budgets and baggage', async () => {
    const requests = Array.from({ length: 20 }, async (_, i) => {
      const budget = 100_000 * (i + 1);
      const headers = { timebudget: String(budget), baggage: `request=${i}` };
      const report = await transports['http.request'](hop(0), chain(ALL, 10), headers);
      expectFallingBudget(report);
      for (const { arrival, baggage } of chainOf(report)) {
        expect(baggage).toEqual({ request: String(i) });
        expect(arrival.remaining).toBeLessThanOrEqual(budget);
        expect(arrival.remaining).toBeGreaterThan(budget - 50_000);
      }
    });
    await Promise.all(requests);
  });
});

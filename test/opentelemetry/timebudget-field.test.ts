import { expectFallingBudget, onlyCall } from './budget.js';
import { type Headers, type Plan, transports } from './fixtures/transports.cjs';
import { useHops } from './hop-processes.js';

const hop = useHops(2);

/** The next hop tells whether a budget was made up on the way. */
const plan = (): Plan => ({ calls: [{ over: 'http.request', to: hop(1), plan: {} }] });

/** Neither this process nor its requests are instrumented: what is sent is what a foreign caller sends. */
describe.each(['http.request', 'gRPC'] as const)('a request over %s', (transport) => {
  const serve = (headers: Headers) => transports[transport](hop(0), plan(), headers);

  test('without the field has no deadline', async () => {
    const report = await serve({});
    expect(report.lines).toEqual([]);
    expect(report.arrival.remaining).toBe(Number.POSITIVE_INFINITY);
    expect(onlyCall(report).report.lines).toEqual([]);
  });

  test.each([
    [''],
    [','],
    ['soon'],
    ['NaN'],
    ['Infinity'],
    ['0x1388'],
    ['5000ms'],
    ['50 00'],
    ['"5000"'],
    ['12345678901'],
    ['2026-01-01T00:00:00Z'],
  ])('with the malformed value %j is served without a deadline', async (value) => {
    const report = await serve({ timebudget: value });
    expect(report.lines).toEqual([value]);
    expect(report.arrival.remaining).toBe(Number.POSITIVE_INFINITY);
    expect(onlyCall(report).report.lines).toEqual([]);
  });

  test.each([['0'], ['-1'], ['-9999999999']])('with the value %j is served, exhausted', async (value) => {
    const report = await serve({ timebudget: value });
    expect(report.arrival.remaining).toBe(0);
    expect(onlyCall(report).report.lines).toEqual(['0']);
  });

  test.each([
    ['in one line', ['90000, 60000']],
    ['in two lines', ['90000', '60000']],
    ['in two lines, the smallest first', ['60000', '90000']],
    ['beside a malformed one', ['soon', '60000']],
  ])('with two values %s has the smallest that is valid', async (_, lines) => {
    const report = await serve({ timebudget: lines });
    // gRPC's lines arrive joined: node:http2 does that.
    expect(report.lines.join(', ')).toBe(lines.join(', '));
    expect(report.arrival.remaining).toBeLessThanOrEqual(60_000);
    expect(report.arrival.remaining).toBeGreaterThan(0);
  });
});

describe('a call to which the caller has added the field himself', () => {
  const serve = (over: keyof typeof transports, own: string) => {
    const plan: Plan = { calls: [{ over, to: hop(1), plan: {}, headers: { timebudget: own } }] };
    return transports['http.request'](hop(0), plan, { timebudget: '60000' });
  };

  test.each(['http.request', 'gRPC'] as const)('over %s carries ours in its place', async (transport) => {
    const report = await serve(transport, '90000');
    expect(onlyCall(report).report.lines).toEqual([expect.stringMatching(/^\d{5}$/)]);
    expectFallingBudget(report);
  });

  // instrumentation-undici adds headers: it does not overwrite.
  describe.each(['fetch', 'undici'] as const)('over %s carries both', (transport) => {
    test('and ours counts when it is smaller', async () => {
      const report = await serve(transport, '90000');
      expect(onlyCall(report).report.lines).toEqual(['90000', expect.stringMatching(/^\d{5}$/)]);
      expectFallingBudget(report);
    });

    test("and the caller's counts when it is smaller", async () => {
      const { report } = onlyCall(await serve(transport, '100'));
      expect(report.lines).toEqual(['100', expect.stringMatching(/^\d{5}$/)]);
      expect(report.arrival.remaining).toBeLessThanOrEqual(100);
    });
  });
});

// instrumentation-grpc writes into the Metadata object that the application passes, where it stays.
describe('a gRPC Metadata object used for several calls', () => {
  const call = (timeout?: number) =>
    ({ over: 'gRPC', to: hop(1), plan: {}, sharedMetadata: true, ...(timeout !== undefined && { timeout }) }) as const;

  test('carries the budget of each call that has a deadline', async () => {
    const report = await transports['http.request'](hop(0), { calls: [call(500), call(9000), call(700)] }, {});
    expect(report.calls.map((each) => each.report.lines.length)).toEqual([1, 1, 1]);
    expectFallingBudget(report);
  });

  test('carries the budget of the call before to a call that has no deadline', async () => {
    const report = await transports['http.request'](hop(0), { calls: [call(500), call()] }, {});
    const [bound, unbound] = report.calls;
    expect(unbound?.departure.remaining).toBe(Number.POSITIVE_INFINITY);
    // A limit of the propagator on its own: it has nothing to write here, and a carrier's setter cannot delete.
    expect(unbound?.report.lines).toEqual(bound?.report.lines);
  });
});

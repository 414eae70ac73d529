import type { Report, ReportedCall } from './fixtures/transports.cjs';

/**
 * Expects that the budget fell by at least what was spent on the way to the called hop, and by no more than the time
 * that passed (and the fraction of a millisecond that the wire drops), at every call below `caller` too.
 */
export function expectFallingBudget(caller: Report): void {
  for (const { departure, report } of caller.calls) {
    const spent = departure.before - caller.arrival.after;
    expect(report.arrival.remaining).toBeLessThanOrEqual(caller.arrival.remaining - spent);
    expect(report.arrival.remaining).toBeLessThanOrEqual(departure.remaining);
    const passed = report.arrival.after - departure.before;
    expect(report.arrival.remaining).toBeGreaterThan(departure.remaining - passed - 1);
    expectFallingBudget(report);
  }
}

/** The only call of a report. */
export function onlyCall(report: Report): ReportedCall {
  const [call, ...others] = report.calls;
  if (call === undefined || others.length > 0) throw new Error(`expected one call, got ${report.calls.length}`);
  return call;
}

/** The reports of a chain of hops, in which each makes one call. */
export function chainOf(report: Report): Report[] {
  return report.calls.length === 0 ? [report] : [report, ...chainOf(onlyCall(report).report)];
}

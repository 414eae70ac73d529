import { join } from 'node:path';
import { ChildProcess, type Finished } from '../support/processes/child-process.js';

/** What is loaded, in its order. `ours` is OpenTelemetry's set-up with DeadlineInstrumentation. */
const orders = ['ours', 'ours,datadog', 'datadog,ours', 'ours,elastic', 'elastic,ours', 'datadog,ours,elastic'];

describe.each(orders)('%s', (order) => {
  let finished: Finished;
  beforeAll(async () => {
    finished = await ChildProcess.run(join(__dirname, 'fixtures/app.cjs'), { args: [order] });
  });

  test('the process lives, and ends when its servers are closed', () => {
    expect({ code: finished.code, stderr: finished.stderr }).toEqual({ code: 0, stderr: '' });
  });

  test("the caller's budget is there, and each hop has less of it", () => {
    const { remaining, sent, status } = finished.report.hop;
    expect(status).toBe(200);
    expect(remaining).toBeGreaterThan(50_000);
    expect(remaining).toBeLessThan(60_000);
    expect(sent).toBeGreaterThan(50_000);
    expect(sent).toBeLessThan(remaining);
  });

  test('a request without a budget has no deadline', () => {
    expect(finished.report.unlimited).toEqual({ remaining: Number.POSITIVE_INFINITY, sent: Number.NaN, status: 200 });
  });

  test('a request that comes too late is answered 504 and not handled', () => {
    expect(finished.report.late).toEqual({ status: 504, handled: false });
  });

  test.each(['fetch', 'http.get'])('%s is aborted at the deadline', (client) => {
    const ended = { code: 'DEADLINE_EXCEEDED', status: 504, aborted: true };
    expect(finished.report[client]).toEqual(ended);
  });

  test('a caller who hangs up cancels the scope and the call in flight', () => {
    expect(finished.report.hangUp).toEqual({ code: 'CANCELLED', aborted: true });
  });

  test('the agent is there', () => {
    expect(finished.report.agents).toEqual(order.split(',').filter((name) => name !== 'ours'));
  });
});

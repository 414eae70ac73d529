import { fixture, run } from '../processes.js';

jest.setTimeout(60_000);

interface Outcome {
  readonly exceeded: boolean;
  readonly code: string;
  readonly elapsed: number;
  readonly attempts: readonly { budget: number }[];
}

let report: Record<string, Outcome>;
beforeAll(async () => {
  const flags = ['--import', fixture('telemetry.cjs')];
  // The servers are in the same process: that they turn away what comes too late is not the subject.
  const settings = { order: ['ours'], config: { server: { http: false } } };
  const finished = await run('retries.mjs', flags, settings);
  expect({ code: finished.code, stderr: finished.stderr }).toEqual({ code: 0, stderr: '' });
  report = finished.report;
});

const rows = ['got', 'ky', 'axios-retry', 'axios-retry with abortSignal()'].flatMap((client) => [
  [`${client}, failing`, 2],
  [`${client}, silent`, 1],
]) as [string, number][];

test.each(rows)('%s: no attempt goes out after the budget, and each carries what is left', (row, least) => {
  const { attempts } = report[row] as Outcome;
  expect(attempts.length).toBeGreaterThanOrEqual(least);
  if (row.endsWith('silent')) expect(attempts).toHaveLength(1);
  const budgets = attempts.map(({ budget }) => budget);
  expect(budgets).toEqual([...budgets].sort((one, other) => other - one));
  for (const { budget } of attempts) {
    expect(budget).toBeLessThanOrEqual(1_000);
    expect(budget).toBeGreaterThanOrEqual(0);
  }
  // One may go out in the last millisecond. A second one would be late.
  expect(budgets.filter((budget) => budget === 0).length).toBeLessThanOrEqual(1);
});

test.each(rows)('%s: fails because of the deadline', (row) => {
  const { exceeded, code } = report[row] as Outcome;
  // axios reports an aborted signal in its own words.
  if (row.includes('abortSignal')) expect(code).toBe('ERR_CANCELED');
  else expect(exceeded).toBe(true);
});

test.each(rows.filter(([row]) => !row.startsWith('axios-retry,')))('%s: fails when the budget is spent', (row) => {
  expect((report[row] as Outcome).elapsed).toBeLessThan(2_000);
});

test('axios-retry goes on retrying an error that it does not know, though no attempt goes out', () => {
  // 40 retries, 50 ms apart: abortSignal() ends them.
  expect((report['axios-retry, silent'] as Outcome).elapsed).toBeGreaterThan(2_500);
});

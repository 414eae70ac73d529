import { fixture, REGISTER, runService } from './service-processes.js';

jest.setTimeout(60_000);

const SDK = fixture('sdk.cjs');
/** Nobody but the SDK itself speaks at this level, when all is well. */
const loud = { OTEL_LOG_LEVEL: 'warn' };
const all = 'tracecontext,baggage,deadline';

const before = (flag: string): [string, string][] => [
  [flag, REGISTER],
  [flag, SDK],
];

describe.each([
  ['--import', 'service.cjs'],
  ['--import', 'service.mjs'],
  ['--require', 'service.cjs'],
  ['--require', 'service.mjs'],
])('%s, before the SDK: %s', (flag, service) => {
  test.each([[all], ['']])(
    'OTEL_PROPAGATORS=%j: deadlines are enforced, and nobody complains',
    async (OTEL_PROPAGATORS) => {
      const report = await runService(service, before(flag), { ...loud, OTEL_PROPAGATORS });
      expect(report.console).toEqual([]);
      expect(report.left).toBeGreaterThan(20_000);
      expect(report.left).toBeLessThanOrEqual(30_000);
      expect(report.fields).toEqual({ baggage: 'user=u-17', timebudget: expect.stringMatching(/^2\d{4}$/) });
      expect(report.late).toBe('HTTP/1.1 504 Gateway Timeout');
      expect(report.inherited).toEqual([OTEL_PROPAGATORS]);
      expect([...report.metrics].sort()).toEqual([
        'deadline.budget.received',
        'deadline.budget.utilization',
        'deadline.rejected',
      ]);
    },
  );
});

test("the SDK's own instrumentations see what they see without us, and traces show the budget", async () => {
  const { spans } = await runService('service.cjs', before('--require'));
  const server = 1;
  expect(spans.filter(({ kind }) => kind === server)).toMatchObject([
    { name: 'GET', 'deadline.budget_ms': 30_000 },
    { name: 'GET', 'deadline.budget_ms': 0, 'deadline.remaining_ms': 0 },
  ]);
});

test('after the SDK: it works, with one clear warning', async () => {
  const report = await runService('service.mjs', [
    ['--import', SDK],
    ['--import', REGISTER],
  ]);
  expect(report.console).toEqual([
    expect.stringMatching(/loaded after OpenTelemetry has started.*: load this package first$/),
  ]);
  expect(report.left).toBeGreaterThan(20_000);
  expect(report.fields.timebudget).toBeDefined();
  expect(report.late).toBe('HTTP/1.1 504 Gateway Timeout');
  expect(report.metrics).toContain('deadline.budget.received');
});

test('where require can load no ES module, it is the CommonJS one', async () => {
  const preload: [string, string][] = [['--no-experimental-require-module', '--no-warnings'], ...before('--require')];
  const report = await runService('service.cjs', preload, { ...loud, OTEL_PROPAGATORS: all });
  expect(report).toMatchObject({ console: [], late: 'HTTP/1.1 504 Gateway Timeout' });
});

describe('variables', () => {
  const run = (variables: Record<string, string>) => runService('service.cjs', before('--import'), variables);

  test('OTEL_SDK_DISABLED=true: nothing is done', async () => {
    const report = await run({ OTEL_SDK_DISABLED: 'true', OTEL_PROPAGATORS: all });
    expect(report).toMatchObject({ left: 'Infinity', fields: {}, late: 'HTTP/1.1 200 OK', console: [] });
  });

  test('OTEL_DEADLINE_MODE=off: deadlines travel, and that is all', async () => {
    const report = await run({ OTEL_DEADLINE_MODE: 'off' });
    expect(report).toMatchObject({ late: 'HTTP/1.1 200 OK', metrics: [], console: [] });
    expect(report.left).toBeGreaterThan(20_000);
  });

  test('an edge: no trust, a default budget, a limit, a reserve', async () => {
    const report = await run({
      OTEL_DEADLINE_TRUST: 'false',
      OTEL_DEADLINE_DEFAULT_BUDGET: '20s',
      OTEL_DEADLINE_RESERVE: '50%',
    });
    expect(report.left).toBeLessThanOrEqual(20_000);
    expect(report.left).toBeGreaterThan(10_000);
    expect(Number(report.fields.timebudget)).toBeLessThanOrEqual(10_000);
    expect(report.late).toBe('HTTP/1.1 200 OK');
    expect(report.fields.baggage).toBeUndefined();
  });

  test('a propagator that OpenTelemetry knows is taken from its package', async () => {
    const OTEL_PROPAGATORS = 'b3,deadline';
    const report = await run({ ...loud, OTEL_PROPAGATORS });
    expect(Object.keys(report.fields)).toEqual(['b3', 'timebudget']);
    expect(report).toMatchObject({ console: [], inherited: [OTEL_PROPAGATORS] });
  });

  test.each([
    ['tracecontext,baggage', /OTEL_PROPAGATORS does not name "deadline"/],
    ['zipkin,deadline', /OTEL_PROPAGATORS: unknown name "zipkin" is ignored/],
  ])('OTEL_PROPAGATORS=%s: one warning', async (OTEL_PROPAGATORS, told) => {
    expect((await run({ ...loud, OTEL_PROPAGATORS })).console).toEqual([expect.stringMatching(told)]);
  });

  test.each([
    ['without a log level', {}, 1],
    ['with one', { OTEL_LOG_LEVEL: 'error' }, 1],
    ['unless nothing is to be told', { OTEL_LOG_LEVEL: 'none' }, 0],
  ])('a bad value is told once, %s; the service starts', async (_, variables, times) => {
    const { console, late } = await run({ ...variables, OTEL_DEADLINE_MODE: 'on' });
    const told = 'opentelemetry-propagator-deadline: OTEL_DEADLINE_MODE: expected enforce, observe or off, got "on"; ';
    expect(console).toEqual(Array(times).fill(expect.stringContaining(told)));
    expect(late).toBe('HTTP/1.1 504 Gateway Timeout');
  });
});

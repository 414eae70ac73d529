import { type Finished, flagsFor, type ModuleSystem, run } from '../processes.js';

jest.setTimeout(60_000);

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';
const [cjs, esm, hook] = ['CommonJS', 'ES modules', 'ES modules and the loader hook'] as const;

interface Case {
  readonly system: ModuleSystem;
  /** The instrumentations in their order; `load`: code that loads node:http in between. */
  readonly order: readonly string[];
  /** Whether instrumentation-http reaches the application. */
  readonly others: boolean;
  /** With NodeSDK in place of its parts. */
  readonly sdk?: boolean;
  /** Whether something has imported node:http as an ES module before anything was patched. */
  readonly early?: boolean;
}

const cases: Case[] = [
  { system: cjs, order: ['ours'], others: false },
  { system: cjs, order: ['ours', 'http'], others: true },
  { system: cjs, order: ['http', 'ours'], others: true },
  { system: cjs, order: ['http', 'load', 'ours'], others: true },
  { system: cjs, order: ['http', 'ours'], others: true, sdk: true },
  { system: esm, order: ['ours'], others: false },
  { system: esm, order: ['http', 'ours'], others: false },
  { system: esm, order: ['ours', 'http'], others: false, sdk: true },
  { system: esm, order: ['http', 'load', 'ours'], others: true },
  { system: esm, order: ['http', 'load', 'ours'], others: true, early: true },
  { system: hook, order: ['ours', 'http'], others: true },
  { system: hook, order: ['http', 'load', 'ours'], others: true },
];

const name = ({ system, order, sdk, early }: Case) =>
  `${system}: ${order.join(', ')}${sdk ? ', by NodeSDK' : ''}${early ? ', node:http imported before' : ''}`;

const finished = new Map<Case, Finished>();
beforeAll(async () => {
  const left = [...cases];
  async function worker(): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) finished.set(next, await start(next));
  }
  await Promise.all([worker(), worker(), worker()]);
});

function start({ system, order, sdk, early }: Case): Promise<Finished> {
  const app = system === cjs ? 'order-app.cjs' : 'order-app.mjs';
  const before = early ? ['--import', 'data:text/javascript,import "node:http"'] : [];
  return run(app, [...before, ...flagsFor(system, 'telemetry.cjs')], { order, sdk });
}

describe.each(cases.map((each) => [name(each), each] as const))('%s', (_, each) => {
  let report: Finished['report'];
  beforeAll(() => {
    const { code, stderr, ...rest } = finished.get(each) as Finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    report = rest.report;
  });

  const serverSpan = (path: string) =>
    report.spans.find((span: { server: boolean; path?: string }) => span.server && span.path === path);

  test('the handler and all listeners run in one context, with trace, baggage, deadline and scope', () => {
    const spanId = each.others ? serverSpan('/full').spanId : callerSpan;
    const sight = { traceId, spanId, user: 'u-17', limited: true, scope: 0 };
    expect(report.seen['/full']).toEqual({
      handler: sight,
      extracted: { ...sight, spanId: callerSpan },
      'request data': sight,
      'request end': sight,
      'response finish': sight,
      'response close': { ...sight, limited: false, scope: -1 },
    });
  });

  test('without any deadline as well', () => {
    const spanId = each.others ? serverSpan('/plain').spanId : callerSpan;
    const sight = { traceId, spanId, user: undefined, limited: false, scope: 1 };
    expect(report.seen['/plain']).toEqual({
      handler: sight,
      extracted: { ...sight, spanId: callerSpan },
      'request data': sight,
      'request end': sight,
      'response finish': sight,
      'response close': { ...sight, scope: -1 },
    });
  });

  test('the headers are extracted once', () => {
    expect(report.extractions).toBe(1);
  });

  test('what is too late is answered with 504 and not handled', () => {
    expect(report.rejection).toMatch(/^HTTP\/1\.1 504 .*\r\ntimebudget: 0\r\n/s);
    expect(report.handled).toEqual(['/full', '/plain', '/hang-up']);
  });

  test('a caller who hangs up cancels the scope', () => {
    expect(report.reason).toBe('CANCELLED');
  });

  test('a server span is recorded for each request where instrumentation-http is, the late one too', () => {
    const spans = report.spans.filter(({ server }: { server: boolean }) => server);
    const recorded = spans.map(({ path, status }: { path: string; status: number }) => [path, status]).sort();
    const all = [['/full', 200], ['/hang-up', 200], ['/late', 504], ['/plain', 200]]; // biome-ignore format: a table
    expect(recorded).toEqual(each.others ? all : []);
  });

  test('each call carries each field once', () => {
    const context = expect.stringContaining(`traceparent: 00-${traceId}-`);
    const budget = expect.stringMatching(/^timebudget: 5\d{4}$/);
    const [full, plain] = [[context, 'baggage: user=u-17', budget], [context]];
    expect(report.calls).toEqual([full, full, plain, plain]);
  });

  test('each call is a child of its own span where instrumentation-http is, else of the one around it', () => {
    const clientSpans = report.spans.filter((span: { server: boolean }) => !span.server);
    const own = new Set(clientSpans.map((span: { spanId: string }) => span.spanId));
    const outer = ['/full', '/plain'].map((path) => (each.others ? serverSpan(path).spanId : callerSpan));
    const parents = report.calls.map(([line]: string[]) => line?.split('-')[2]);
    // Node's own functions, imported by name before they were patched, go past instrumentation-http.
    const expected = parents.map((parent: string, index: number) => {
      const traced = each.others && !(each.early && index % 2 === 1);
      return traced && own.has(parent) ? parent : outer[index >> 1];
    });
    expect(parents).toEqual(expected);
    expect(own.size).toBe(each.others ? (each.early ? 2 : 4) : 0);
  });
});

test('enabling and disabling 20 times leaves no wrapper behind, under instrumentation-http and over it', async () => {
  const { report, stderr } = await run('toggle.cjs', [], {});
  expect(stderr).toBe('');
  expect(report).toEqual({ under: true, afterUnder: true, over: true, afterOver: true });
});

import { resolveSettings } from '../../src/instrumentation/settings.js';
import { readEnvironment } from '../../src/register/environment.js';

interface Request {
  readonly method?: string;
  readonly url?: string;
}

const http = ({ method = 'GET', url = '/' }: Request) => ({ method, url, headers: {} });
const call = (path: string) => ({ getPath: () => path, metadata: { get: () => [] } });

/** The settings for `OTEL_DEADLINE_ROUTES`, and what was complained of. */
function read(routes: string, env: Record<string, string> = {}) {
  const complaints: string[] = [];
  const { instrumentation } = readEnvironment({ OTEL_DEADLINE_ROUTES: routes, ...env }, (message) => {
    complaints.push(message);
  });
  const { server } = resolveSettings(instrumentation);
  /** What applies to a request, in the words of the rules. */
  const apply = (request: object) => {
    const subject = request as never;
    if (server.ignore(subject)) return 'ignore';
    const budget = server.defaultBudget(subject) ?? 'none';
    const onOff = (value: boolean | undefined) => (value === true ? 'on' : 'off');
    return `budget=${budget} cancel=${onOff(server.cancelOnDisconnect(subject))} answer=${onOff(server.answer?.(subject))}`;
  };
  return { complaints, apply, server: instrumentation?.server ?? {} };
}

const EXAMPLE = '/events/* budget=none; GET /reports/* budget=60s; /pay/* cancel=off answer=off; /health ignore';
const EDGE = { OTEL_DEADLINE_DEFAULT_BUDGET: '10s', OTEL_DEADLINE_ANSWER: 'true' };
const OTHERS = 'budget=10000 cancel=on answer=on';
const EVENTS = 'budget=none cancel=on answer=on';
const PAY = 'budget=10000 cancel=off answer=off';

test.each<[Request, string]>([
  [{ url: '/events/1' }, EVENTS],
  [{ url: '/events/1/more?of=it' }, EVENTS],
  [{ method: 'POST', url: '/events/1' }, EVENTS],
  [{ url: '/events/' }, EVENTS],
  [{ url: '/events' }, OTHERS],
  [{ url: '/eventsandmore' }, OTHERS],
  [{ url: '/reports/1' }, 'budget=60000 cancel=on answer=on'],
  [{ method: 'HEAD', url: '/reports/1' }, OTHERS],
  [{ url: '/pay/1' }, PAY],
  [{ url: '/health' }, 'ignore'],
  [{ url: '/health?verbose' }, 'ignore'],
  [{ url: '/health#top' }, 'ignore'],
  [{ url: '/health/' }, OTHERS],
  [{ url: `/health?${'x'.repeat(9_000)}` }, 'ignore'],
  [{ url: '/events/..\\admin' }, OTHERS],
  [{ url: '/events\\.%2e\\admin' }, OTHERS],
  [{ url: '/events/1%5c..%5cadmin' }, EVENTS],
  [{ url: '/other' }, OTHERS],
  // A whole URL, as in a request to a proxy.
  [{ url: 'http://host.example/health' }, 'ignore'],
  [{ url: 'HTTPS://host.example:8443/events/1?x' }, EVENTS],
  [{ url: 'http://host.example' }, OTHERS],
  [{ url: 'http://host.example?/health' }, OTHERS],
  [{ url: 'http://user@/health/@host' }, OTHERS],
  // What has no path.
  [{ method: 'OPTIONS', url: '*' }, OTHERS],
  [{ method: 'CONNECT', url: 'host.example:443' }, OTHERS],
  [{ url: '' }, OTHERS],
  [{ url: 'health' }, OTHERS],
  [{ url: 'javascript:/health' }, OTHERS],
  // Paths that somebody may take for another one.
  [{ url: '//health' }, OTHERS],
  [{ url: '//events/1' }, OTHERS],
  [{ url: '/%68ealth' }, OTHERS],
  [{ url: '/HEALTH' }, OTHERS],
  [{ url: '/events/../orders' }, OTHERS],
  [{ url: '/events/%2e%2E/orders' }, OTHERS],
  [{ url: '/events/.%2e%2forders' }, OTHERS],
  [{ url: '/events/./1' }, OTHERS],
  [{ url: '/events/..' }, OTHERS],
  [{ url: '/events/.well-known' }, EVENTS],
  [{ url: '/events/?x=/../' }, EVENTS],
  [{ url: '\\health' }, OTHERS],
  [{ url: `/events/${'x'.repeat(9_000)}` }, OTHERS],
])('of the example, to %o applies %s', (request, expected) => {
  const { apply, complaints } = read(EXAMPLE, EDGE);
  expect({ applied: apply(http(request)), complaints }).toEqual({ applied: expected, complaints: [] });
});

test('a request keeps its rule when a router rewrites its path', () => {
  const { apply } = read(EXAMPLE, EDGE);
  const request = http({ url: '/pay/1' });
  expect(apply(request)).toBe(PAY);
  request.url = '/1';
  expect(apply(request)).toBe(PAY);
});

test.each([
  ['/grpc.health.v1.Health/* ignore', '/grpc.health.v1.Health/Check', 'ignore'],
  ['POST /grpc.health.v1.Health/* ignore', '/grpc.health.v1.Health/Check', 'ignore'],
  ['GET /grpc.health.v1.Health/* ignore', '/grpc.health.v1.Health/Check', 'budget=none cancel=on answer=off'],
  ['/stock.Stock/Watch budget=none answer=on', '/stock.Stock/Watch', 'budget=none cancel=on answer=on'],
])('%s: to the gRPC call %s applies %s', (routes, path, expected) => {
  expect(read(routes).apply(call(path))).toBe(expected);
});

test.each([
  ['/a budget=1s;/a budget=2s', '/a', 'budget=1000 cancel=on answer=off'],
  ['/a/b cancel=off;/a/* budget=2s', '/a/b', 'budget=none cancel=off answer=off'],
  ['  get   /a\tbudget=250 ;; ', '/a', 'budget=250 cancel=on answer=off'],
  ['/* answer=on', '/', 'budget=none cancel=on answer=on'],
  ['/*/c*/e cancel=off', '/a/b/cd/e', 'budget=none cancel=off answer=off'],
  ['/a budget=1.5s answer=on cancel=off', '/a', 'budget=1500 cancel=off answer=on'],
])('%s: the first rule that matches %s counts', (routes, url, expected) => {
  const { apply, complaints } = read(routes);
  expect({ applied: apply(http({ url })), complaints }).toEqual({ applied: expected, complaints: [] });
});

test.each([
  '/a',
  'a budget=1s',
  'GET budget=1s',
  'GET',
  '* ignore',
  'https://host/a ignore',
  '/a?x budget=1s',
  '/a budget=0',
  '/a budget=-1',
  '/a budget=soon',
  '/a budget=',
  '/a budget = 1s',
  '/a cancel=yes',
  '/a answer=true',
  '/a ignore=on',
  '/a ignore budget=1s',
  '/a ignore ignore',
  '/a budget=1s budget=2s',
  '/a trust=off',
  '/a __proto__=on',
  'GET POST /a ignore',
  'G/T /a ignore',
  `/${'a'.repeat(600)} ignore`,
])('%s is told once, in quotes; the other rules count', (bad) => {
  const { apply, complaints } = read(`/before ignore; ${bad}; /after ignore`);
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toMatch(/^OTEL_DEADLINE_ROUTES: expected .+, got ".{1,63}"; this rule is left out$/);
  expect(complaints[0]).toContain(bad.slice(0, 60));
  expect(['/before', '/after', '/a'].map((url) => apply(http({ url })))).toEqual([
    'ignore',
    'ignore',
    'budget=none cancel=on answer=off',
  ]);
});

test('at most 64 rules count; one complaint for all others', () => {
  const rules = Array.from({ length: 200 }, (_, i) => `/${i} ignore`);
  const { apply, complaints } = read(rules.join(';'));
  expect(complaints).toEqual([
    'OTEL_DEADLINE_ROUTES: expected at most 64 rules, got "/64 ignore"; this rule is left out',
  ]);
  expect([apply(http({ url: '/63' })), apply(http({ url: '/64' }))]).toEqual([
    'ignore',
    'budget=none cancel=on answer=off',
  ]);
});

test('nothing is asked of requests that no rule mentions', () => {
  expect(read('').server).toEqual({});
  expect(read(' ; ').server).toEqual({});
  expect(Object.keys(read('/health ignore').server)).toEqual(['ignore']);
  expect(Object.keys(read('/pay cancel=off').server)).toEqual(['ignore', 'cancelOnDisconnect']);
  // So that no method of a response is patched.
  expect(read('/pay answer=off').server).toMatchObject({ answer: false });
});

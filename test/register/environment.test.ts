import { resolveSettings } from '../../src/instrumentation/settings.js';
import { createPropagator } from '../../src/propagation/create-propagator.js';
import { readEnvironment } from '../../src/register/environment.js';
import { resolveSpanOptions } from '../../src/telemetry/span-options.js';

/** The settings, without a complaint. */
function settings(env: Record<string, string>) {
  const complaints: string[] = [];
  const read = readEnvironment(env, (message) => complaints.push(message));
  expect(complaints).toEqual([]);
  return read;
}

/** As the options that `createPropagator`, `DeadlineInstrumentation` and `DeadlineSpanProcessor` take. */
function options(env: Record<string, string>): object {
  const { propagator, instrumentation, spans } = settings(env);
  // They are checked there as well.
  createPropagator(propagator);
  resolveSettings(instrumentation);
  resolveSpanOptions(spans);
  const { mode, server, client, databases } = instrumentation ?? {};
  return { ...propagator.deadline, ...propagator.baggage, ...server, ...client, ...databases, ...spans, mode };
}

test('an empty environment sets nothing', () => {
  expect(settings({})).toEqual({
    disabled: false,
    propagators: ['tracecontext', 'baggage', 'deadline'],
    propagator: { deadline: {}, baggage: {} },
    instrumentation: { mode: 'enforce', server: {}, client: {}, databases: {} },
    spans: {},
  });
});

test.each<[string, string, object]>([
  ['OTEL_DEADLINE_DEFAULT_BUDGET', '2500', { defaultBudget: 2500 }],
  ['OTEL_DEADLINE_DEFAULT_BUDGET', '10s', { defaultBudget: 10_000 }],
  ['OTEL_DEADLINE_DEFAULT_BUDGET', ' 1.5 s ', { defaultBudget: 1500 }],
  ['OTEL_DEADLINE_MAX_BUDGET', '250ms', { maxBudget: 250 }],
  ['OTEL_DEADLINE_MAX_BUDGET', '2m', { maxBudget: 120_000 }],
  ['OTEL_DEADLINE_RESERVE', '5%', { reserve: 0.05 }],
  ['OTEL_DEADLINE_RESERVE', '12.5 %', { reserve: 0.125 }],
  ['OTEL_DEADLINE_RESERVE', '50', { reserve: 50 }],
  ['OTEL_DEADLINE_RESERVE', '5ms', { reserve: 5 }],
  ['OTEL_DEADLINE_RESERVE', '0', { reserve: 0 }],
  ['OTEL_DEADLINE_TRUST', 'false', { trust: false }],
  ['OTEL_DEADLINE_TRUST', 'TRUE', { trust: true }],
  ['OTEL_DEADLINE_ADMISSION', 'False', { admission: false }],
  ['OTEL_DEADLINE_ANSWER', 'true', { answer: true }],
  ['OTEL_DEADLINE_MODE', 'observe', { mode: 'observe' }],
  ['OTEL_DEADLINE_MODE', 'Enforce', { mode: 'enforce' }],
  ['OTEL_DEADLINE_MODE', 'off', { mode: undefined }],
  ['OTEL_DEADLINE_CLIENT_SHARED', 'https://issuer.example/keys', { shared: ['https://issuer.example/keys'] }],
  ['OTEL_DEADLINE_CLIENT_SHARED', '*/.well-known/*, *://vault:*/*,', { shared: ['*/.well-known/*', '*://vault:*/*'] }],
  ['OTEL_DEADLINE_DATABASES', 'refuse', { pg: 'refuse' }],
  ['OTEL_DEADLINE_DATABASES', 'pg = Cancel', { pg: 'cancel' }],
  ['OTEL_DEADLINE_DATABASES', 'refuse,pg=off', { pg: false }],
  ['OTEL_DEADLINE_HANG_UP_STATUS', 'unset', { hangUpStatus: 'unset' }],
  ['OTEL_DEADLINE_HANG_UP_STATUS', 'Keep', { hangUpStatus: 'keep' }],
  ['OTEL_DEADLINE_BAGGAGE_LIMITS', 'w3c', { limits: 'w3c' }],
  ['OTEL_DEADLINE_BAGGAGE_LIMITS', 'OTEL', { limits: 'otel' }],
  ['OTEL_DEADLINE_BAGGAGE_LIMITS', '20, 1024', { limits: { members: 20, bytes: 1024 } }],
  ['OTEL_DEADLINE_BAGGAGE_PINNED', 'user, tenant*,', { pinned: ['user', 'tenant*'] }],
])('%s=%s', (name, value, expected) => {
  expect(options({ [name]: value })).toEqual({ mode: 'enforce', ...expected });
});

test.each([
  'OTEL_DEADLINE_DEFAULT_BUDGET',
  'OTEL_DEADLINE_MAX_BUDGET',
  'OTEL_DEADLINE_RESERVE',
  'OTEL_DEADLINE_TRUST',
  'OTEL_DEADLINE_ADMISSION',
  'OTEL_DEADLINE_ANSWER',
  'OTEL_DEADLINE_MODE',
  'OTEL_DEADLINE_CLIENT_SHARED',
  'OTEL_DEADLINE_DATABASES',
  'OTEL_DEADLINE_HANG_UP_STATUS',
  'OTEL_DEADLINE_BAGGAGE_LIMITS',
  'OTEL_DEADLINE_BAGGAGE_PINNED',
  'OTEL_PROPAGATORS',
  'OTEL_SDK_DISABLED',
])('%s: empty, it counts as not set', (name) => {
  expect(settings({ [name]: '' })).toEqual(settings({}));
  expect(settings({ [name]: ' ' })).toEqual(settings({}));
});

test.each([
  ['OTEL_DEADLINE_DEFAULT_BUDGET', 'soon'],
  ['OTEL_DEADLINE_DEFAULT_BUDGET', '0'],
  ['OTEL_DEADLINE_DEFAULT_BUDGET', '-5'],
  ['OTEL_DEADLINE_DEFAULT_BUDGET', '10 h'],
  ['OTEL_DEADLINE_DEFAULT_BUDGET', '1e3'],
  ['OTEL_DEADLINE_DEFAULT_BUDGET', 'Infinity'],
  ['OTEL_DEADLINE_MAX_BUDGET', '0s'],
  ['OTEL_DEADLINE_MAX_BUDGET', '10,000'],
  ['OTEL_DEADLINE_MAX_BUDGET', '9'.repeat(400)],
  ['OTEL_DEADLINE_RESERVE', '100%'],
  ['OTEL_DEADLINE_RESERVE', '-5%'],
  ['OTEL_DEADLINE_RESERVE', '0.05'],
  ['OTEL_DEADLINE_RESERVE', '3'],
  ['OTEL_DEADLINE_TRUST', 'yes'],
  ['OTEL_DEADLINE_ADMISSION', 'on'],
  ['OTEL_DEADLINE_ANSWER', 'on'],
  ['OTEL_DEADLINE_TRUST', 'constructor'],
  ['OTEL_DEADLINE_MODE', 'on'],
  ['OTEL_DEADLINE_CLIENT_SHARED', 'https://issuer.example'],
  ['OTEL_DEADLINE_CLIENT_SHARED', '*/keys, keys'],
  ['OTEL_DEADLINE_HANG_UP_STATUS', 'ok'],
  ['OTEL_DEADLINE_BAGGAGE_LIMITS', '64'],
  ['OTEL_DEADLINE_BAGGAGE_LIMITS', '64,-1'],
  ['OTEL_DEADLINE_BAGGAGE_LIMITS', 'none'],
  ['OTEL_DEADLINE_BAGGAGE_PINNED', 'a*b'],
])('%s=%s is told once: the name, the value, what is expected; its default is used', (name, value) => {
  const complaints: string[] = [];
  const read = readEnvironment({ [name]: value }, (message) => complaints.push(message));
  expect(read).toEqual(settings({}));
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toMatch(new RegExp(`^${name}: expected .+, got ".{1,63}"; .+$`));
  expect(complaints[0]).toContain(value.slice(0, 60));
});

test.each([
  ['true', true],
  [' TRUE ', true],
  ['false', false],
  ['1', false],
])('OTEL_SDK_DISABLED=%s: %s', (value, disabled) => {
  expect(settings({ OTEL_SDK_DISABLED: value }).disabled).toBe(disabled);
});

test('a name that looks like ours and is not is told, without its value', () => {
  const complaints: string[] = [];
  readEnvironment({ OTEL_DEADLINE_DEFAULT_BUDGETS: '10s', OTEL_OTHER: 'x' }, (message) => complaints.push(message));
  expect(complaints).toEqual([expect.stringMatching(/^OTEL_DEADLINE_DEFAULT_BUDGETS: expected one of .*_BUDGET, /)]);
  expect(complaints[0]).not.toContain('10s');
});

test('OTEL_PROPAGATORS is a list of names, each once', () => {
  const { propagators } = settings({ OTEL_PROPAGATORS: ' b3, deadline,,b3 ' });
  expect(propagators).toEqual(['b3', 'deadline']);
});

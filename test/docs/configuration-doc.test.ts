import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveSettings } from '../../src/instrumentation/settings.js';
import { resolveBaggageOptions } from '../../src/propagation/baggage/options.js';
import { withClockLimits } from '../../src/propagation/clock-limits.js';
import { resolveDeadlineOptions } from '../../src/propagation/deadline-options.js';
import { readEnvironment } from '../../src/register/environment.js';
import { resolveSpanOptions } from '../../src/telemetry/span-options.js';
import { timebudget } from '../../src/wire/formats/timebudget.js';

const document = readFileSync(join(__dirname, '../../docs/configuration.md'), 'utf8');

/** The names in code in the first cell of each row; `.http2` after `server.http` is `server.http2`. */
const documented = Array.from(document.matchAll(/^\| (`.*?) \|/gm), ([, cell = '']) => {
  const names = Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = '']) => name);
  return names.map((name) => (name.startsWith('.') ? `${names[0]?.split('.')[0]}${name}` : name));
}).flat();

/** The options that a resolver knows, by what it says of one that it does not. */
function known(resolve: (options: object) => unknown, options: object): string[] {
  try {
    resolve(options);
  } catch (error) {
    return / options (.*), got /.exec(String(error))?.[1]?.split(', ') ?? [];
  }
  return [];
}

test('every option is in the tables, and no other', () => {
  const misspelt = { misspelt: 1 };
  const instrumentation = resolveSettings as (options: object) => unknown;
  const options = [
    ...known(resolveDeadlineOptions, misspelt).map((name) => `deadline.${name}`),
    ...known(resolveBaggageOptions, misspelt).map((name) => `baggage.${name}`),
    ...known((options) => withClockLimits(timebudget, options), misspelt),
    ...known(instrumentation, misspelt).filter((name) => !['server', 'client', 'databases'].includes(name)),
    ...known(instrumentation, { server: misspelt }).map((name) => `server.${name}`),
    ...known(instrumentation, { client: misspelt }).map((name) => `client.${name}`),
    ...known(instrumentation, { databases: misspelt }).map((name) => `databases.${name}`),
    ...known(resolveSpanOptions, misspelt),
  ];
  expect(documented.filter((name) => !name.startsWith('OTEL_')).sort()).toEqual(options.sort());
});

test('every variable that is read is in the tables, and no other', () => {
  const asked = new Set<string>(['OTEL_LOG_LEVEL']);
  const env = new Proxy({}, { get: (_, name) => void asked.add(String(name)) });
  readEnvironment(env, () => {});
  const named = Array.from(document.matchAll(/`(OTEL_\w+)`/g), ([, name]) => name);
  // Read by nobody here.
  const variables = new Set(named.filter((name) => name !== 'OTEL_CONFIG_FILE'));
  expect([...variables].sort()).toEqual([...asked].sort());
});

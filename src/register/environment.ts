import { outOfRange } from '../check-argument.js';
import type { DeadlineInstrumentationConfig } from '../instrumentation/options.js';
import type { PropagatorOptions } from '../propagation/create-propagator.js';
import type { DeadlineSpanProcessorOptions } from '../telemetry/span-options.js';
import { parseRoutes, ROUTES, routeOptions } from './routes.js';
import {
  ADMISSION,
  ANSWER,
  BAGGAGE_LIMITS,
  BAGGAGE_PINNED,
  CLIENT_SHARED,
  DATABASES,
  DEFAULT_BUDGET,
  HANG_UP_STATUS,
  list,
  MAX_BUDGET,
  MODE,
  RESERVE,
  TRUST,
  VARIABLES,
  type Variable,
} from './variables.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of the environment variables. */
export interface RegisterSettings {
  /** `OTEL_SDK_DISABLED`. */
  readonly disabled: boolean;
  /** The names in `OTEL_PROPAGATORS`, each once. */
  readonly propagators: readonly string[];
  readonly propagator: PropagatorOptions;
  /** `undefined`: `OTEL_DEADLINE_MODE` is `off`. */
  readonly instrumentation: DeadlineInstrumentationConfig | undefined;
  readonly spans: DeadlineSpanProcessorOptions;
}

const DEFAULT_PROPAGATORS = ['tracecontext', 'baggage', 'deadline'];

/**
 * Reads the environment. An empty variable counts as one that is not set, as everywhere in OpenTelemetry.
 *
 * @param complain called with a sentence for each bad value, whose default is used, and for each unknown name that
 *   starts with `OTEL_DEADLINE_`
 */
export function readEnvironment(env: Environment, complain: (message: string) => void): RegisterSettings {
  const read = <T>(variable: Variable<T>): T | undefined => {
    const text = env[variable.name]?.trim();
    if (!text) return undefined;
    const value = variable.parse(text);
    if (value === undefined) {
      complain(`${outOfRange(variable.name, variable.expected, text).message}; ${variable.fallback}`);
    }
    return value;
  };
  const known = [...VARIABLES.map(({ name }) => name), ROUTES];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('OTEL_DEADLINE_') || known.includes(name)) continue;
    complain(`${name}: expected one of ${known.join(', ')}; it is ignored`);
  }
  const names = list(env.OTEL_PROPAGATORS ?? '');
  const mode = read(MODE) ?? 'enforce';
  const forAll = { defaultBudget: read(DEFAULT_BUDGET), answer: read(ANSWER) };
  const rules = parseRoutes(env[ROUTES] ?? '', (rule, expected) => {
    complain(`${outOfRange(ROUTES, expected, rule).message}; this rule is left out`);
  });
  const server = present({
    trust: read(TRUST),
    admission: read(ADMISSION),
    ...forAll,
    ...routeOptions(rules, forAll),
  });
  const client = present({ shared: read(CLIENT_SHARED) });
  const databases = read(DATABASES) ?? {};
  return {
    disabled: env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true',
    propagators: names.length === 0 ? DEFAULT_PROPAGATORS : [...new Set(names)],
    propagator: {
      deadline: present({ maxBudget: read(MAX_BUDGET), reserve: read(RESERVE) }),
      baggage: present({ limits: read(BAGGAGE_LIMITS), pinned: read(BAGGAGE_PINNED) }),
    },
    instrumentation: mode === 'off' ? undefined : { mode, server, client, databases },
    spans: present({ hangUpStatus: read(HANG_UP_STATUS) }),
  };
}

/** `options` without those that are `undefined`. */
function present<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

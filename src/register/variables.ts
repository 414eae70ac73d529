import type { DatabaseMode, DatabaseOptions } from '../instrumentation/options.js';
import { sharedCalls } from '../instrumentation/outbound/shared-calls.js';
import { resolveKeyFilter } from '../propagation/baggage/key-filter.js';
import type { CustomBaggageLimits } from '../propagation/baggage/options.js';
import { HANG_UP_STATUSES, type HangUpStatus } from '../telemetry/span-options.js';
import { parseBudget, parseDuration } from './duration.js';

/** One variable: how its value is read, and the words for a warning about a bad value. */
export interface Variable<T> {
  readonly name: string;
  readonly expected: string;
  /** In words: the consequence of a bad value. */
  readonly fallback: string;
  /** Returns `undefined` for a bad value. */
  parse(text: string): T | undefined;
}

const DURATION = 'a duration above 0 in milliseconds, or with a unit such as 250ms, 10s or 2m';

export const DEFAULT_BUDGET: Variable<number> = {
  name: 'OTEL_DEADLINE_DEFAULT_BUDGET',
  expected: DURATION,
  fallback: 'requests that bring no budget get none',
  parse: parseBudget,
};

export const MAX_BUDGET: Variable<number> = {
  name: 'OTEL_DEADLINE_MAX_BUDGET',
  expected: DURATION,
  fallback: 'budgets are not cut',
  parse: parseBudget,
};

export const RESERVE: Variable<number> = {
  name: 'OTEL_DEADLINE_RESERVE',
  expected: 'a percentage below 100 such as 5%, or 5 milliseconds or more such as 50 or 50ms',
  fallback: 'nothing is kept back',
  parse(text) {
    const percent = /^(\d{1,2}(?:\.\d+)?)\s*%$/.exec(text)?.[1];
    if (percent !== undefined) return Number(percent) / 100;
    const ms = parseDuration(text);
    return ms === 0 || (ms !== undefined && ms >= 5) ? ms : undefined;
  },
};

export const TRUST: Variable<boolean> = {
  name: 'OTEL_DEADLINE_TRUST',
  expected: 'true or false',
  fallback: 'callers are trusted',
  parse: parseBoolean,
};

export const ADMISSION: Variable<boolean> = {
  name: 'OTEL_DEADLINE_ADMISSION',
  expected: 'true or false',
  fallback: 'requests wait for their handlers while the event loop has no time',
  parse: parseBoolean,
};

export const ANSWER: Variable<boolean> = {
  name: 'OTEL_DEADLINE_ANSWER',
  expected: 'true or false',
  fallback: 'no request is answered in place of its handler',
  parse: parseBoolean,
};

export const MODE: Variable<'enforce' | 'observe' | 'off'> = {
  name: 'OTEL_DEADLINE_MODE',
  expected: 'enforce, observe or off',
  fallback: 'deadlines are enforced',
  parse: (text) => (['enforce', 'observe', 'off'] as const).find((mode) => mode === text.toLowerCase()),
};

export const HANG_UP_STATUS: Variable<HangUpStatus> = {
  name: 'OTEL_DEADLINE_HANG_UP_STATUS',
  expected: 'unset or keep',
  fallback: 'the status is unset',
  parse: (text) => HANG_UP_STATUSES.find((status) => status === text.toLowerCase()),
};

export const BAGGAGE_LIMITS: Variable<'safe' | 'w3c' | 'otel' | CustomBaggageLimits> = {
  name: 'OTEL_DEADLINE_BAGGAGE_LIMITS',
  expected: 'safe, w3c, otel, or members and bytes such as 64,4096',
  fallback: 'the limits are safe',
  parse(text) {
    const [, members, bytes] = /^(\d{1,9})\s*,\s*(\d{1,9})$/.exec(text) ?? [];
    if (members !== undefined) return { members: Number(members), bytes: Number(bytes) };
    return (['safe', 'w3c', 'otel'] as const).find((limits) => limits === text.toLowerCase());
  },
};

export const BAGGAGE_PINNED: Variable<readonly string[]> = {
  name: 'OTEL_DEADLINE_BAGGAGE_PINNED',
  expected: 'keys, and prefixes with a * at their end, separated by commas',
  fallback: 'no key goes first',
  parse: (text) => listThat(text, (keys) => resolveKeyFilter('pinned', keys)),
};

export const CLIENT_SHARED: Variable<readonly string[]> = {
  name: 'OTEL_DEADLINE_CLIENT_SHARED',
  expected: 'patterns such as https://issuer.example/keys/*, where * is any text, separated by commas',
  fallback: 'the default calls are shared',
  parse: (text) => listThat(text, (patterns) => sharedCalls('shared', patterns)),
};

export const DATABASES: Variable<DatabaseOptions> = {
  name: 'OTEL_DEADLINE_DATABASES',
  expected: 'cancel, refuse or off, for all drivers or for each as in pg=refuse',
  fallback: 'the defaults apply',
  parse: parseDatabases,
};

export const VARIABLES = [
  DEFAULT_BUDGET,
  MAX_BUDGET,
  RESERVE,
  TRUST,
  ADMISSION,
  ANSWER,
  MODE,
  CLIENT_SHARED,
  DATABASES,
  HANG_UP_STATUS,
  BAGGAGE_LIMITS,
  BAGGAGE_PINNED,
];

function parseBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === 'true' || word === 'false' ? word === 'true' : undefined;
}

const DRIVERS = ['pg'];
const DATABASE_MODES: Readonly<Record<string, DatabaseMode>> = { cancel: 'cancel', refuse: 'refuse', off: false };

/** A mode for all drivers, or pairs of a driver and its mode. */
function parseDatabases(text: string): DatabaseOptions | undefined {
  const modes: Record<string, DatabaseMode> = {};
  for (const pair of list(text.toLowerCase())) {
    const [, names, word = ''] = /^(?:(pg)\s*=\s*)?(\w+)$/.exec(pair) ?? [];
    const mode = Object.hasOwn(DATABASE_MODES, word) ? DATABASE_MODES[word] : undefined;
    if (mode === undefined) return undefined;
    for (const name of names === undefined ? DRIVERS : [names]) modes[name] = mode;
  }
  return modes;
}

export function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}

/** The members of a list; `undefined` where `check` refuses them by throwing. */
function listThat(text: string, check: (members: readonly string[]) => unknown): readonly string[] | undefined {
  const members = list(text);
  try {
    check(members);
    return members;
  } catch {
    return undefined;
  }
}

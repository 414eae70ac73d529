import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildProcess } from '../../support/processes/child-process.js';

jest.setTimeout(60_000);

type Stage = 'headers' | 'body' | 'gzip';
type End = 'deadline' | 'cancel';

interface Outcome {
  readonly name: string;
  readonly exceeded: boolean;
  readonly cancelled: boolean;
  /** How many the server has got. */
  readonly requests?: number;
}

interface Report {
  readonly outcomes: Record<`${string}, ${Stage}, ${End}`, Outcome>;
  /** Of calls that were given the signal of their scope, when a deadline ends it. */
  readonly signalled: Record<string, { name: string; exceeded: boolean }>;
  /** The status by framework and wrapper, when the caller's budget has run out, and when one of the handler's own has. */
  readonly statuses: Record<string, Record<string, { caller: number; own: number }>>;
}

const CLIENTS = [
  'http.get',
  'fetch',
  'axios',
  'axios, a stream',
  'axios by fetch',
  'got',
  'got, a stream',
  'ky',
  'node-fetch 2',
  'node-fetch 3',
  'superagent',
];
const LIBRARIES = ['TypeORM', 'sequelize', 'drizzle', 'Prisma', 'GraphQL', "Nest's HttpException", 'AggregateError'];
const FRAMEWORKS = ['express', 'koa', 'fastify', 'Nest'];

let report: Report;
beforeAll(async () => {
  const finished = await ChildProcess.run(join(__dirname, 'fixtures/wrappers.mjs'), {
    flags: ['--import', join(__dirname, '../http/fixtures/telemetry.cjs')],
    env: { HTTP_SETUP: JSON.stringify({ order: ['ours'] }) },
  });
  expect(finished.code).toBe(0);
  report = finished.report;
});

const calls = CLIENTS.flatMap((client) =>
  (['headers', 'body', 'gzip'] as const).flatMap((stage) =>
    (['deadline', 'cancel'] as const).map((end) => [client, stage, end] as const),
  ),
);

test.each(calls)('%s, ended in its %s by a %s: the error tells, and nothing is sent again', (client, stage, end) => {
  expect(report.outcomes[`${client}, ${stage}, ${end}`]).toMatchObject({
    exceeded: end === 'deadline',
    cancelled: end === 'cancel',
    requests: 1,
  });
});

test.each([
  ['http.get', 'AbortError', true],
  ['fetch', 'DeadlineExceededError', true],
  ['ky', 'DeadlineExceededError', true],
  ['axios', 'CanceledError', false],
  ['got', 'AbortError', false],
  ['node-fetch 2', 'AbortError', false],
  ['node-fetch 3', 'AbortError', false],
])('%s that is given abortSignal() throws %s; the reason can be seen: %s', (client, name, exceeded) => {
  expect(report.signalled[client]).toEqual({ name, exceeded });
});

const wrapped = LIBRARIES.flatMap((library) => (['deadline', 'cancel'] as const).map((end) => [library, end] as const));

test.each(wrapped)('%s, which wraps the error of a %s', (library, end) => {
  expect(report.outcomes[`${library}, headers, ${end}`]).toMatchObject({
    exceeded: end === 'deadline',
    cancelled: end === 'cancel',
  });
});

const escaping = FRAMEWORKS.flatMap((framework) =>
  [...CLIENTS, ...LIBRARIES].map((name) => [framework, name] as const),
);

test.each(escaping)(
  '%s answers 504 to the error of %s when the budget of the caller has run out',
  (framework, name) => {
    expect(report.statuses[framework]?.[name]?.caller).toBe(504);
  },
);

describe('the table of docs/enforcement.md', () => {
  const text = readFileSync(join(__dirname, '../../../docs/enforcement.md'), 'utf8');
  const [, table = ''] = /^\| library \|[^\n]*\n\|[-|]*\n(.*?)\n\n/ms.exec(text) ?? [];
  const rows = table.split('\n').map((line) => line.split('|').slice(1, -1).map((cell) => cell.replaceAll('`', '').trim())); // biome-ignore format: short

  /** Which rows of the report stand in one row of the table, where that is named otherwise. */
  const NAMES: Record<string, string[]> = {
    'http.request': ['http.get'],
    'global fetch': ['fetch'],
    'axios 1': ['axios', 'axios, a stream'],
    "axios 1, adapter: 'fetch'": ['axios by fetch'],
    'got 14': ['got', 'got, a stream'],
    'ky 1': ['ky'],
    'node-fetch 2, 3': ['node-fetch 2', 'node-fetch 3'],
    'superagent 10': ['superagent'],
    'TypeORM 1': ['TypeORM'],
    'sequelize 6': ['sequelize'],
    'drizzle 0.45': ['drizzle'],
    'Prisma 7': ['Prisma'],
    'GraphQL 16': ['GraphQL'],
    "an exception of Nest's with our error as cause": ["Nest's HttpException"],
    'Promise.any': ['AggregateError'],
  };

  test('has a row for everything that is tried here', () => {
    expect(rows.flatMap(([library = '']) => NAMES[library] ?? library)).toEqual([...CLIENTS, ...LIBRARIES]);
  });

  test.each(rows)('%s', (library, beforeHeaders, inBody, byStatus, byNest) => {
    for (const name of NAMES[library as string] ?? []) {
      const thrown = (stage: Stage) => report.outcomes[`${name}, ${stage}, deadline`]?.name ?? '–';
      const own = (framework: string) => String(report.statuses[framework]?.[name]?.own);
      expect([thrown('headers'), thrown('body')]).toEqual([beforeHeaders, inBody]);
      expect([own('express'), own('koa'), own('fastify'), own('Nest')]).toEqual([byStatus, byStatus, byStatus, byNest]);
    }
  });
});

import { type Finished, fixture, run } from '../processes.js';

// `server.answer` in frameworks: handlers answer at random moments around their deadlines, in every way that they have.
// Each request must get exactly one answer, and the next one on its connection a whole one.

jest.setTimeout(60_000);

const names = ['http', 'https', 'http2', 'express', 'koa', 'fastify', 'Nest', 'Hono'];

/** What may become of a request. All else is reported in full. */
const OUTCOMES = ['200', '504', '504 of the framework', 'cut by the handler'];

interface Result {
  readonly outcomes: Record<string, number>;
  readonly troubles: readonly string[];
  readonly zombies: { readonly calls: number; readonly tried: number };
  readonly logs: readonly string[];
  /** What the callers were told, by the id of the request. */
  readonly statuses: Record<string, number>;
}

let finished: Finished;
beforeAll(async () => {
  const setUp = { order: ['http', 'load', 'ours'], config: { server: { answer: true } } };
  const flags = ['--import', fixture('telemetry.cjs')];
  finished = await run('interleavings/run.mjs', flags, { ...setUp, requests: 150, seed: 1 + (Date.now() % 1e6) });
});

function resultOf(name: string): Result {
  const { code, stderr, report } = finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return report.report[name];
}

test.each(names)('%s gives each request one answer, and nothing else happens', (name) => {
  const { outcomes, troubles } = resultOf(name);
  expect({ others: Object.keys(outcomes).filter((each) => !OUTCOMES.includes(each)), troubles }).toEqual({
    others: [],
    troubles: [],
  });
  // Both have happened, so the moments were right.
  expect(outcomes['200']).toBeGreaterThan(0);
  expect(outcomes['504']).toBeGreaterThan(0);
});

test.each(names)('%s lets no call through after the answer', (name) => {
  const { zombies } = resultOf(name);
  expect(zombies.calls).toBe(0);
  expect(zombies.tried).toBeGreaterThan(0);
});

test('access logs of express say what the callers were told, once for each request', () => {
  const { logs, statuses } = resultOf('express');
  const told: Record<string, unknown[]> = {};
  const logged = { morgan: {} as Record<string, number[]>, pino: {} as Record<string, number[]> };
  for (const line of logs) {
    const id = /id=(express-\d+)/.exec(line)?.[1] as string;
    // On a busy machine the time of some is up before they reach express.
    if (line.startsWith('handled')) {
      told[id] = [statuses[id]];
      continue;
    }
    const [where, status] = line.startsWith('{')
      ? ([logged.pino, JSON.parse(line).res.statusCode] as const)
      : ([logged.morgan, Number(line.split(' ')[1])] as const);
    where[id] = [...(where[id] ?? []), status];
  }
  expect(logged).toEqual({ morgan: told, pino: told });
  // The time is noted where the head is written.
  expect(logs.filter((line) => /^\/.* 504 -$/.test(line))).toEqual([]);
});

test('fastify warns of no second answer, but where a stream has given nothing in time', () => {
  const warnings = resultOf('fastify').logs.filter(
    (line) => line.includes('ALREADY_SENT') && !line.includes('/stream'),
  );
  expect(warnings).toEqual([]);
});

test('spans of OpenTelemetry say 504 as often as callers were told', () => {
  const all = names.filter((name) => name !== 'http2').flatMap((name) => Object.values(resultOf(name).statuses));
  const spans = finished.report.spans.filter(({ kind }: { kind: number }) => kind === 1);
  const of504 = spans.filter(({ attributes }: { attributes: Record<string, unknown> }) =>
    [attributes['http.status_code'], attributes['http.response.status_code']].includes(504),
  );
  expect(of504).toHaveLength(all.filter((status) => status === 504).length);
});

import { type Finished, fixture, run } from '../http/processes.js';

jest.setTimeout(60_000);

interface Answer {
  readonly status: unknown;
  /** Whether the answer says that the time ran out. */
  readonly exhausted: boolean;
  readonly body: string;
}

const orders = { 'with instrumentation-http': ['http', 'load', 'ours'], alone: ['ours'] };
const FRAMEWORKS = ['express', 'koa', 'fastify', 'Nest'];
const BARE = ['node:http', 'node:http2'];
const all = [...FRAMEWORKS, ...BARE];
const rows = all.flatMap((framework) => ['http', 'fetch'].map((client) => [framework, client] as const));

describe.each(Object.entries(orders))('requests that wait for one call, %s', (_, order) => {
  let finished: Finished;
  const answersOf = (framework: string, path: string): Answer[] => finished.report.answers[framework][path];
  const statusesOf = (framework: string, path: string) => answersOf(framework, path).map(({ status }) => status);

  beforeAll(async () => {
    const flags = ['--import', fixture('telemetry.cjs')];
    finished = await run('../../errors/fixtures/shared-work.mjs', flags, { order });
    expect(finished).toMatchObject({ code: 0 });
  });

  test.each(rows)('%s, %s: when the first hangs up, the others are answered 500', (framework, client) => {
    expect(statusesOf(framework, `${client}-hang-up`)).toEqual(['none', 500, 500]);
  });

  test.each(rows)('%s, %s: when the time of the first is up, it alone is answered 504', (framework, client) => {
    expect(statusesOf(framework, `${client}-deadline`)).toEqual([504, 500, 500]);
  });

  test.each(rows)('%s, %s: no answer says that there was no time, or names the call', (framework, client) => {
    for (const end of ['hang-up', 'deadline']) {
      for (const answer of answersOf(framework, `${client}-${end}`).slice(1)) {
        expect(answer).toMatchObject({ exhausted: false, body: expect.not.stringContaining('/keys') });
      }
    }
  });

  test('an answer that has begun is broken off', () => {
    expect(statusesOf('node:http, after the head', 'http-hang-up')).toEqual(['none', 'none', 'none']);
  });

  test.each(['http-hang-up', 'fetch-deadline'])('an error that was kept is thrown to later requests: %s', (path) => {
    expect(statusesOf('node:http, thrown', path)).toEqual(['none', 500, 500]);
  });

  test.each(all)('%s: what ends inside of a request, or above, is its own', (framework) => {
    const paths = ['above', 'own', 'detached', 'asked'];
    const statuses = paths.map((path) => [path, finished.report.answers[framework][path].status]);
    expect(statuses).toEqual(paths.map((path) => [path, 504]));
  });

  test('nothing ends the process', () => {
    expect(finished.report.fatal).toEqual([]);
  });

  test('the log names the call once, and what to do', () => {
    const named = finished.report.warnings.filter((text: string) => text.includes(finished.report.target));
    expect(named).toEqual([expect.stringMatching(/shared\(\).*detach\(\).*client\.shared/)]);
    expect(named[0]).not.toContain('secret');
  });
});

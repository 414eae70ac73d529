import { type Finished, fixture, run } from '../http/processes.js';

jest.setTimeout(120_000);

const orders = { 'with instrumentation-http': ['http', 'load', 'ours'], alone: ['ours'] };
const FRAMEWORKS = ['express', 'koa', 'fastify', 'Nest', 'node:http'];
const CALLBACKS = ['express', 'fastify', 'node:http'];

const INTERNAL = '500 Internal Server Error';
const TIMEOUT = '504 Gateway Timeout';
const EXHAUSTED = `${TIMEOUT}, exhausted`;

const rows = FRAMEWORKS.flatMap((framework) =>
  ['await', 'axios', 'axios by fetch', 'got', 'a page'].map((way) => [framework, way] as const),
);
/** Nest looks at the status of no error of axios. */
const ownRows = FRAMEWORKS.flatMap((framework) =>
  [
    ['a timeout', TIMEOUT],
    ['a timeout around axios', framework === 'Nest' ? INTERNAL : TIMEOUT],
    ['a timeout under detach', TIMEOUT],
    ['throwIfExceeded under a timeout', TIMEOUT],
    ['an answer of 504', framework === 'Nest' ? INTERNAL : TIMEOUT],
  ].map(([way, answer]) => [framework, way, answer] as [string, string, string]),
);

describe.each(Object.entries(orders))('%s: requests wait for the work of one that ends', (_, order) => {
  let finished: Finished;
  beforeAll(async () => {
    finished = await run('../../errors/fixtures/ways-out.mjs', ['--import', fixture('telemetry.cjs')], { order });
    expect(finished).toMatchObject({ code: 0 });
  });

  test.each(rows)('%s, %s: the others are answered 500', (framework, way) => {
    const ends = finished.report.ends[framework];
    expect(ends[`${way}, hang-up`]).toEqual(['none', INTERNAL, INTERNAL]);
    expect(ends[`${way}, deadline`]).toEqual([EXHAUSTED, INTERNAL, INTERNAL]);
  });

  test.each(FRAMEWORKS)('%s, a timeout of the first around a call of axios: so are they', (framework) => {
    const first = framework === 'Nest' ? INTERNAL : TIMEOUT;
    expect(finished.report.ends[framework]['a timeout around axios, timeout']).toEqual([first, INTERNAL, INTERNAL]);
  });

  test.each(FRAMEWORKS)('%s, a page that is rendered by `shared`: the others get it', (framework) => {
    const ends = finished.report.ends[framework];
    expect(ends['a page, shared, hang-up']).toEqual(['none', '200 OK', '200 OK']);
    expect(ends['a page, shared, deadline']).toEqual([EXHAUSTED, '200 OK', '200 OK']);
  });

  test.each(CALLBACKS)('%s, callbacks that run in the context of the first: they are answered 500', (framework) => {
    const ends = finished.report.singleFlight[framework];
    expect(ends).toEqual({ 'hang-up': ['none', INTERNAL, INTERNAL], deadline: [EXHAUSTED, INTERNAL, INTERNAL] });
  });

  test.each(CALLBACKS)('%s: a timeout of its own stays 504 in a callback of another context', (framework) => {
    expect(finished.report.mirrored[framework]).toBe(TIMEOUT);
  });

  test.each(ownRows)('%s: %s of its own is answered %s', (framework, way, answer) => {
    expect(finished.report.own[framework][way]).toBe(answer);
  });

  test('nothing ends the process, and the log names each call once', () => {
    const { fatal, warnings, origin } = finished.report;
    expect(fatal).toEqual([]);
    const named = warnings.map((text: string) => text.match(/because .*?(GET \S+?)\)? that it shared/)?.[1]);
    expect(named.sort()).toEqual([`GET ${origin}/keys`, `GET ${origin}/slow`]);
  });
});

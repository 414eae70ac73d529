import { type Finished, fixture, run } from '../processes.js';

jest.setTimeout(60_000);

const frameworks = ['express', 'koa', 'fastify', 'Nest'];
const clients = ['throwIfExceeded', 'http.request', 'fetch', 'axios', 'got', 'ky'];

const setUps = {
  'ours alone': { order: ['ours'] },
  'instrumentation-http, then ours': { order: ['http', 'load', 'ours'] },
  'server.keepStatus': { order: ['ours'], config: { server: { keepStatus: true } } },
};
type SetUp = keyof typeof setUps;

const finished: Partial<Record<SetUp, Finished>> = {};
beforeAll(async () => {
  const flags = ['--import', fixture('telemetry.cjs')];
  const all = Object.entries(setUps).map(async ([name, setUp]) => {
    finished[name as SetUp] = await run('frameworks.mjs', flags, { ...setUp, budget: '250' });
  });
  await Promise.all(all);
});

function answerOf(setUp: SetUp, framework: string, client: string): { status: unknown; body: string } {
  const { code, stderr, report } = finished[setUp] as Finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return report[framework][client];
}

const table = frameworks.flatMap((framework) => clients.map((client) => [framework, client] as const));

describe.each(['ours alone', 'instrumentation-http, then ours'] as const)('%s: when the budget runs out', (setUp) => {
  test.each(table)('%s answers 504 to what %s threw, and tells nobody of the call', (framework, client) => {
    const { status, body } = answerOf(setUp, framework, client);
    expect(status).toBe(504);
    expect(body).not.toContain('secret-path');
  });
});

test.each([
  ['express', [504, 504, 504, 500]],
  ['koa', [504, 504, 504, 500]],
  ['fastify', [504, 504, 504, 500]],
  ['Nest', [504, 504, 500, 500]],
])('server.keepStatus: %s answers 504 only where it sees the reason', (framework, expected) => {
  const statuses = ['throwIfExceeded', 'http.request', 'axios', 'got'].map((client) => {
    return answerOf('server.keepStatus', framework, client).status;
  });
  expect(statuses).toEqual(expected);
});

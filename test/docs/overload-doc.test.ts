import { codeBlocks, run } from './code-blocks.js';

jest.setTimeout(60_000);

const blocks = codeBlocks('docs/overload.md').map(({ source }) => source);
const refusal = blocks.find((source) => source.startsWith('// refusal.js'));
const recipes = blocks.filter((source) => source.includes("from './refusal.js'"));

/** Two blocks as one program: what they export and import of each other stays in it. */
function together(recipe = ''): string {
  const code = `${refusal}\n${recipe}`;
  return code.replace(/^import .* from '\.\/refusal\.js';$/m, '').replace(/^export /gm, '');
}

/** What the service answers to each attempt; the last one also to all that follow. `undefined`: it never answers. */
interface Scene {
  readonly budget: number;
  readonly answers: readonly ([status: number, headers?: Record<string, string>] | undefined)[];
}

interface Outcome {
  readonly got: string;
  readonly exceeded: boolean;
  /** In ms. */
  readonly elapsed: number;
  /** When each attempt arrived, in ms. */
  readonly attempts: readonly number[];
}

const BUSY = [503, { 'retry-after': '1' }] as const;

const scenes = {
  'out of time': { budget: 30_000, answers: [[504, { timebudget: '0' }]] },
  "a proxy's 504": { budget: 30_000, answers: [[504]] },
  'busy, then not': { budget: 30_000, answers: [[...BUSY], [200]] },
  'busy for longer than the budget': { budget: 4_000, answers: [[503, { 'retry-after': '5' }]] },
  'always busy': { budget: 30_000, answers: [[503]] },
  'busy, then silent': { budget: 2_000, answers: [[503], undefined] },
} satisfies Record<string, Scene>;

/** Calls `load` of a recipe in each scene, against a server of its own, under the scene's budget. */
const SURROUNDINGS = `
  import { once } from 'node:events';
  import http from 'node:http';
  import { context, propagation } from '@opentelemetry/api';
  import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
  import { createPropagator, isDeadlineExceeded, withTimeout } from 'opentelemetry-propagator-deadline';
  import { DeadlineInstrumentation } from 'opentelemetry-propagator-deadline/instrumentation';
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(createPropagator());
  new DeadlineInstrumentation({ server: { http: false } });
  async function outcome({ budget, answers }) {
    const attempts = [];
    const server = http.createServer((_, response) => {
      const answer = answers[Math.min(attempts.length, answers.length - 1)];
      attempts.push(performance.now());
      if (answer) response.writeHead(...answer).end('an order');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = 'http://127.0.0.1:' + server.address().port;
    const start = performance.now();
    const failure = (error) => ({ got: error.message, exceeded: isDeadlineExceeded(error) });
    const { got, exceeded = false } = await withTimeout(budget, () => load(url).then((text) => ({ got: text }), failure));
    const elapsed = performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 300)); // late attempts would come now
    server.closeAllConnections();
    server.close();
    return { got, exceeded, elapsed, attempts };
  }
  const all = Object.entries(${JSON.stringify(scenes)});
  const outcomes = await Promise.all(all.map(async ([name, scene]) => [name, await outcome(scene)]));
  console.log(JSON.stringify(Object.fromEntries(outcomes)));
  process.exit();
`;

test('there is a recipe for each client', () => {
  const packages = recipes.map((recipe) => /from '(p-retry|cockatiel|got)'/.exec(recipe)?.[1]);
  expect(packages).toEqual(['p-retry', 'cockatiel', 'got']);
});

describe.each([
  ['p-retry', 0],
  ['cockatiel', 1],
  ['got', 2],
])('%s', (_, index) => {
  let outcomes: Record<keyof typeof scenes, Outcome>;
  beforeAll(async () => {
    const [printed, ...others] = await run({ source: `${together(recipes[index])}${SURROUNDINGS}` });
    expect(others).toEqual([]);
    outcomes = JSON.parse(printed as string);
  });

  test.each(['out of time', "a proxy's 504"] as const)('%s: no other attempt', (scene) => {
    const { attempts, got } = outcomes[scene];
    expect(attempts).toHaveLength(1);
    expect(got).toContain('504');
  });

  test('a service that asks for a pause gets another attempt after it', () => {
    const { attempts, got } = outcomes['busy, then not'];
    const [first = 0, second = 0] = attempts;
    expect(got).toBe('an order');
    expect(attempts).toHaveLength(2);
    // A timer may fire in the millisecond before.
    expect(second - first).toBeGreaterThan(1_000);
  });

  test('a pause that is longer than what is left ends the attempts at once', () => {
    const { attempts, got, elapsed } = outcomes['busy for longer than the budget'];
    expect(attempts).toHaveLength(1);
    expect(got).toContain('503');
    expect(elapsed).toBeLessThan(4_000);
  });

  test('at most two retries, after pauses that grow', () => {
    const { attempts, got } = outcomes['always busy'];
    const [first = 0, second = 0, third = 0] = attempts;
    expect(got).toContain('503');
    expect(attempts).toHaveLength(3);
    expect(second - first).toBeGreaterThan(48);
    expect(third - second).toBeGreaterThan(98);
  });

  test('an attempt ends with the budget', () => {
    const { attempts, exceeded } = outcomes['busy, then silent'];
    expect(attempts).toHaveLength(2);
    expect(exceeded).toBe(true);
  });
});

describe('the pause before the next attempt', () => {
  const limited = { status: 504, timebudget: '0' };
  const rows: [string, number, unknown[], number | undefined][] = [
    ['differs from caller to caller', 0, [1, { status: 503 }], 50],
    ['differs from caller to caller', 0.5, [1, { status: 503 }], 100],
    ['is at least what the service asks for', 0, [2, { status: 503, retryAfter: '2' }], 2_100],
    [
      'is unknown when the service names a date',
      0,
      [1, { status: 503, retryAfter: 'Sat, 28 Nov 2026 05:00:00 GMT' }],
      undefined,
    ],
    ['ends before the budget does', 0, [1, { status: 503, retryAfter: '10' }], undefined],
    ['never comes when all that was left was passed on', 0, [1, limited], undefined],
    ['comes when the limit of an attempt fits into what is left', 0, [1, limited, 5_000], 50],
    ['never comes when the limit of an attempt does not', 0, [1, limited, 9_990], undefined],
  ];
  let pauses: (number | null)[];
  beforeAll(async () => {
    const asked = rows.map(([, random, args]) => [random, args]);
    const source = `${together()}
      import { withTimeout } from 'opentelemetry-propagator-deadline';
      import { context } from '@opentelemetry/api';
      import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      const pauses = ${JSON.stringify(asked)}.map(([random, args]) => {
        Math.random = () => random;
        return withTimeout(10_000, () => pauseAfter(...args) ?? null);
      });
      console.log(JSON.stringify(pauses));`;
    pauses = JSON.parse((await run({ source }))[0] as string);
  });

  test.each(rows.map((row, i) => [row[0], row[3], i] as const))('%s (%p)', (_, pause, i) => {
    expect(pauses[i]).toBe(pause ?? null);
  });
});

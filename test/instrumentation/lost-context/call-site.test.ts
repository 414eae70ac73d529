import { diag } from '@opentelemetry/api';

const warnings: string[] = [];
let warnOfCallSite: (warning: string) => void;

beforeEach(async () => {
  warnings.length = 0;
  const quiet = () => {};
  jest.resetModules();
  // The places are remembered for as long as the process lives: each test has a process's worth of its own.
  const api = (await import('@opentelemetry/api')).diag as typeof diag;
  api.setLogger({ error: quiet, info: quiet, debug: quiet, verbose: quiet, warn: (text) => warnings.push(text) });
  ({ warnOfCallSite } = await import('../../../src/instrumentation/lost-context/call-site.js'));
});

afterEach(() => {
  diag.disable();
  jest.restoreAllMocks();
});

test('names the place, in at most three frames of the application', () => {
  const deep = (depth: number): void => (depth === 0 ? warnOfCallSite('Look here') : deep(depth - 1));
  deep(10);
  const [first, ...frames] = (warnings[0] as string).split('\n');
  expect(first).toBe('Look here');
  expect(frames).toHaveLength(3);
  for (const frame of frames) expect(frame).toContain('call-site.test.ts');
});

test('a place is named once, another one as well', () => {
  const here = () => warnOfCallSite('one');
  for (let i = 0; i < 5; i++) here();
  warnOfCallSite('two');
  expect(warnings.map((text) => text.slice(0, 3))).toEqual(['one', 'two']);
});

test('at most 1000 places are remembered and named', () => {
  const prepare = Error.prepareStackTrace;
  let line = 0;
  Error.prepareStackTrace = () => `Error\n    at made (/app/generated.js:${line}:1)`;
  try {
    for (; line < 1_500; line++) warnOfCallSite('made anew');
  } finally {
    Error.prepareStackTrace = prepare;
  }
  expect(warnings).toHaveLength(1_000);
});

test.each([
  [
    'only libraries',
    () => 'Error\n    at client (/app/node_modules/client/index.js:1:1)\n    at node:internal/timers:1:1',
  ],
  ['no text, as some applications prepare stacks', () => ['call', 'sites']],
])('where the stack shows %s', (_, stack) => {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = stack;
  try {
    warnOfCallSite('It was made');
  } finally {
    Error.prepareStackTrace = prepare;
  }
  expect(warnings).toEqual(["It was made outside of the application's own code."]);
});

test('leaves the limit of stacks as it was', () => {
  const { stackTraceLimit } = Error;
  warnOfCallSite('x');
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
});

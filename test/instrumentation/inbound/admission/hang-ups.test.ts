import { join } from 'node:path';
import { ChildProcess } from '../../../support/processes/child-process.js';

jest.setTimeout(60_000);

interface SetUp {
  readonly transport: 'http' | 'https' | 'http2' | 'http2 streams' | 'grpc';
  /** Of gRPC. */
  readonly kind?: string;
  readonly server: { readonly admission: boolean; readonly trust?: boolean; readonly defaultBudget?: number };
  readonly others?: readonly string[];
  readonly handler?: 'answer' | 'throw' | 'slow';
  /** Whether nobody hangs up. */
  readonly patient?: boolean;
}

interface Report {
  readonly ran: string[];
  readonly got: unknown[];
  readonly uncaught: string[];
}

async function run<R = Report>(setUp: SetUp, program = 'busy-server.cjs'): Promise<R> {
  const { report } = await ChildProcess.run(join(__dirname, 'fixtures', program), {
    env: { SET_UP: JSON.stringify(setUp) },
  });
  return report as R;
}

const IDS = Array.from({ length: 12 }, (_, i) => String(i));
const isPatient = (id: string) => Number(id) % 2 === 0;
const PATIENT = IDS.filter(isPatient).sort();
const ON = { admission: true };

type Callers = Pick<SetUp, 'transport' | 'kind' | 'others'>;

const CALLERS: [string, number, Callers][] = [
  ['http', 200, { transport: 'http' }],
  ['http under instrumentation-http', 200, { transport: 'http', others: ['instrumentation-http'] }],
  ['https', 200, { transport: 'https' }],
  ['http2', 200, { transport: 'http2' }],
  ['http2, by its streams', 200, { transport: 'http2 streams' }],
  ...['unary', 'clientStream', 'serverStream', 'bidi'].map((kind): [string, number, Callers] => [
    `grpc, ${kind}`,
    0,
    { transport: 'grpc', kind },
  ]),
];

test.each(CALLERS)('%s: no handler runs for a caller who hung up while the loop had no time', async (...args) => {
  const [, good, callers] = args;
  const { ran, got } = await run({ ...callers, server: ON });
  expect([...ran].sort()).toEqual(PATIENT);
  expect(got).toEqual(IDS.map((id) => (isPatient(id) ? good : 'gone')));
});

test.each(CALLERS)('%s: without admission one does', async (_, __, callers) => {
  const { ran } = await run({ ...callers, server: { admission: false } });
  expect(ran.some((id) => !isPatient(id))).toBe(true);
});

test('a server in a thread has a queue of its own', async () => {
  const setUp: SetUp = { transport: 'http', server: ON };
  type Threads = Report & { beside: { asked: number; answered: number } };
  const { ran, got, beside } = await run<Threads>(setUp, 'server-in-a-thread.cjs');
  expect([...ran].sort()).toEqual(PATIENT);
  expect(got).toEqual(IDS.map((id) => (isPatient(id) ? 200 : 'gone')));
  // The main thread's server has gone on.
  expect(beside.answered).toBeGreaterThan(2);
  expect(beside.asked).toBe(beside.answered);
});

test.each([true, false])(
  'in a cluster each process looks after its own requests (admission: %p)',
  async (admission) => {
    const setUp: SetUp = { transport: 'http', server: { admission } };
    type Cluster = { reports: { ran: string[]; warmUps: number }[]; got: unknown[] };
    const { reports, got } = await run<Cluster>(setUp, 'busy-cluster.cjs');
    // Both have connections.
    for (const { warmUps } of reports) expect(warmUps).toBeGreaterThan(0);
    const ran = reports.flatMap((report) => report.ran);
    expect(ran.some((id) => !isPatient(id))).toBe(!admission);
    if (admission) expect(ran.sort()).toEqual(PATIENT);
    expect(got).toEqual(IDS.map((id) => (isPatient(id) ? 200 : 'gone')));
  },
);

// The callers give 20 s, which is far more than all handlers together take.
test.each([
  ['of a caller who is trusted', { ...ON }, [200]],
  ['by default, where the caller is not trusted', { ...ON, trust: false, defaultBudget: 300 }, [200, 504]],
])('the budget that counts is that %s', async (_, server, statuses) => {
  const { ran, got } = await run({ transport: 'http', server, handler: 'slow', patient: true });
  expect([...new Set(got)].sort()).toEqual(statuses);
  expect(ran).toHaveLength(got.filter((status) => status === 200).length);
});

test.each([
  ['http', ['its own fault']],
  ['grpc', []],
] as const)('%s: a handler that throws after a wait is no worse than one that throws at once', async (...args) => {
  const [transport, uncaught] = args;
  const finished = await run({ transport, server: ON, handler: 'throw' });
  expect([...finished.ran].sort()).toEqual(PATIENT);
  expect(finished.uncaught).toEqual(uncaught);
});

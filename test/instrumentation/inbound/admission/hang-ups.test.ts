import { join } from 'node:path';
import { ChildProcess } from '../../../support/processes/child-process.js';

interface SetUp {
  readonly transport: 'http' | 'http2' | 'grpc';
  readonly admission: boolean;
  readonly others?: readonly string[];
  readonly handler?: 'answer' | 'throw';
}

const IDS = Array.from({ length: 12 }, (_, i) => String(i));
const isPatient = (id: string) => Number(id) % 2 === 0;

async function run(setUp: SetUp) {
  const { report } = await ChildProcess.run(join(__dirname, 'fixtures/busy-server.cjs'), {
    env: { SET_UP: JSON.stringify(setUp) },
  });
  return report as { ran: string[]; got: unknown[]; uncaught: string[] };
}

const TRANSPORTS: [SetUp['transport'], number, string[]][] = [
  ['http', 200, []],
  ['http', 200, ['instrumentation-http']],
  ['http2', 200, []],
  ['grpc', 0, []],
];

test.each(TRANSPORTS)('%s: no handler runs for a caller who hung up while the loop had no time', async (...args) => {
  const [transport, good, others] = args;
  const { ran, got } = await run({ transport, others, admission: true });
  expect([...ran].sort()).toEqual(IDS.filter(isPatient).sort());
  expect(got).toEqual(IDS.map((id) => (isPatient(id) ? good : 'gone')));
});

test.each(TRANSPORTS)('%s: without admission one does', async (transport, _, others) => {
  const { ran } = await run({ transport, others, admission: false });
  expect(ran.some((id) => !isPatient(id))).toBe(true);
});

test.each([
  ['http', ['its own fault']],
  ['grpc', []],
] as const)('%s: a handler that throws after a wait is no worse than one that throws at once', async (...args) => {
  const [transport, uncaught] = args;
  const finished = await run({ transport, admission: true, handler: 'throw' });
  expect([...finished.ran].sort()).toEqual(IDS.filter(isPatient).sort());
  expect(finished.uncaught).toEqual(uncaught);
});

import { join } from 'node:path';
import { ChildProcess } from '../../support/processes/child-process.js';

jest.setTimeout(120_000);

interface Failure {
  readonly code: string;
  /** What `isDeadlineExceeded` and `isCallCancelled` say. */
  readonly exceeded: boolean;
  readonly cancelled: boolean;
}
type How = 'exceeded' | 'cancelled' | 'shorter' | 'longer' | 'signal' | 'refused';

interface Told {
  readonly timebudget: number;
  /** `connect-timeout-ms` or `grpc-timeout`. */
  readonly timeout: string;
}
type Outcomes = Readonly<Record<How, Failure>> & {
  readonly told: Told;
  readonly toldShorter: Told;
  readonly toldLonger: Told;
  readonly refusedArrived: boolean;
};

const every = ['unary', 'get', 'download', 'upload', 'chat'];
const halfDuplex = ['unary', 'get', 'download', 'upload'];
const inBrowsers = ['unary', 'get', 'download'];
const clients: Record<string, string[]> = {
  'Connect, HTTP/1.1': halfDuplex,
  'Connect, HTTP/2': every,
  'Connect in JSON, HTTP/2': every,
  'gRPC, HTTP/2': every,
  'gRPC-Web, HTTP/1.1': halfDuplex,
  'gRPC-Web, HTTP/2': every,
  'Connect, fetch': inBrowsers,
  'gRPC-Web, fetch': inBrowsers,
};

let report: Record<string, Record<string, Outcomes>>;
beforeAll(async () => {
  const finished = await ChildProcess.run(join(__dirname, 'fixtures/connect-clients.mjs'), {
    flags: ['--import', join(__dirname, '../http/fixtures/telemetry.cjs')],
    env: { HTTP_SETUP: JSON.stringify({ order: ['ours'], config: { server: { admission: false } } }) },
  });
  expect({ code: finished.code, stderr: finished.stderr }).toEqual({ code: 0, stderr: '' });
  report = finished.report;
});

const calls = Object.entries(clients).flatMap(([client, kinds]) => kinds.map((kind) => [client, kind] as const));
const outcomesOf = (client: string, kind: string) => report[client]?.[kind] as Outcomes;

describe.each(calls)('%s: a call (%s)', (client, kind) => {
  test.each<[How, string]>([
    ['exceeded', 'DeadlineExceeded'],
    ['cancelled', 'Canceled'],
    ['refused', 'DeadlineExceeded'],
    ['shorter', 'DeadlineExceeded'],
    ['longer', 'DeadlineExceeded'],
    ['signal', 'Canceled'],
  ])('%s fails with %s', (how, code) => {
    expect(outcomesOf(client, kind)[how].code).toBe(code);
  });

  test('has an error with ours as its cause', () => {
    const { cancelled, refused, refusedArrived } = outcomesOf(client, kind);
    const path = `/${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    expect(cancelled).toEqual({ code: 'Canceled', exceeded: false, cancelled: true, path });
    expect(refused).toEqual({ code: 'DeadlineExceeded', exceeded: true, cancelled: false, path });
    expect(refusedArrived).toBe(false);
  });

  test("carries its budget in its own protocol's field as well, and the shorter of that and timeoutMs", () => {
    const { told, toldShorter, toldLonger } = outcomesOf(client, kind);
    const unit = client.startsWith('gRPC') ? 'm' : '';
    for (const { timebudget, timeout } of [told, toldLonger]) {
      expect(timebudget).toBeGreaterThan(0);
      expect(timebudget).toBeLessThanOrEqual(1_500);
      // `fetch` writes the one before it is bound, and the other when its request is made.
      expect(timeout).toMatch(new RegExp(`^\\d+${unit}$`));
      expect(Math.abs(Number.parseInt(timeout, 10) - timebudget)).toBeLessThanOrEqual(100);
    }
    expect(toldShorter.timebudget).toBeGreaterThan(1_500);
    expect(toldShorter.timeout).toBe(`1000${unit}`);
  });
});

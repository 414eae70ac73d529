import { join } from 'node:path';
import { REGISTER } from '../register/service-processes.js';
import { ChildProcess } from '../support/processes/child-process.js';

/** A span as it was exported. */
interface Span {
  readonly status: 'UNSET' | 'ERROR';
  readonly events: readonly string[];
  readonly errorType?: string;
  readonly endedBy?: string;
}

/** By kind; of gRPC by service and kind. */
type Spans = Readonly<Record<string, Span>>;

/** Runs the program with the `DeadlineSpanProcessor` of that name, against the built package. */
async function spansOf(processor: string, flags: string[] = [], env = {}): Promise<Readonly<Record<string, Spans>>> {
  // Inside its own folder a package may load itself by name.
  const options = { args: [processor], flags, env, cwd: __dirname };
  return (await ChildProcess.run(join(__dirname, 'fixtures/endings.cjs'), options)).report;
}

const throughRegister = (env = {}) => spansOf('of the register', ['--require', REGISTER], env);

const unset = (...events: string[]): Span => ({ status: 'UNSET', events });
const failed = (errorType: string | undefined, ...events: string[]): Span => ({
  status: 'ERROR',
  events,
  ...(errorType !== undefined && { errorType }),
});
const gone = unset('deadline.cancelled');

/** The types of the errors that the instrumentation of each client records. */
interface ErrorTypes {
  readonly hangUp: string;
  readonly deadline: string;
  readonly own: string;
}
const undiciTypes = { hangUp: 'CANCELLED', deadline: 'DEADLINE_EXCEEDED', own: 'UND_ERR_SOCKET' };
const httpTypes = { hangUp: 'CallCancelledError', deadline: 'DeadlineExceededError', own: 'Error' };
const clients: readonly [string, ErrorTypes][] = [
  ['fetch', undiciTypes],
  ['undici.request', undiciTypes],
  ['http.request', httpTypes],
  ['http.request with our signal', { ...httpTypes, hangUp: 'AbortError', deadline: 'AbortError' }],
];

describe.each<[string, () => ReturnType<typeof spansOf>]>([
  ['before a SimpleSpanProcessor', () => spansOf('before a SimpleSpanProcessor')],
  ['after a BatchSpanProcessor', () => spansOf('after a BatchSpanProcessor')],
  ['of the register', throughRegister],
])('a DeadlineSpanProcessor %s', (_, run) => {
  let spans: Awaited<ReturnType<typeof spansOf>>;
  beforeAll(async () => {
    spans = await run();
  });

  test.each(clients)('%s: a hang-up is no error of an HTTP span', (call) => {
    const both = { client: gone, server: gone };
    expect(spans[`${call}, hang-up`]).toEqual(both);
    expect(spans[`${call}, hang-up before the deadline`]).toEqual(both);
    expect(spans[`${call}, hang-up in the response body`]).toEqual(both);
  });

  test.each(clients)('%s: a response with an error status stays one', (call) => {
    const unavailable = failed('503', 'deadline.cancelled');
    expect(spans[`${call}, hang-up in the body of a 503`]).toEqual({ client: unavailable, server: gone });
    const ownError = failed(undefined, 'deadline.cancelled');
    expect(spans[`${call}, hang-up after a 500 has begun`]).toEqual({ client: gone, server: ownError });
  });

  test.each(clients)('%s: a deadline is an error, and so is a failure of its own', (call, types) => {
    expect(spans[`${call}, deadline`]).toEqual({
      client: failed(types.deadline, 'exception', 'deadline.exceeded'),
      server: failed(undefined, 'deadline.exceeded'),
    });
    expect(spans[`${call}, own error`]).toEqual({ client: failed(types.own, 'exception'), server: failed(undefined) });
  });

  test.each([
    ['hang-up', 'deadline.cancelled', ['caller']],
    // The last hop may hear that its caller has given up before its own time is up.
    ['deadline', 'deadline.exceeded', ['deadline', 'caller']],
  ])('gRPC, %s: the status stays, and an attribute says who ended the call', (how, event, last) => {
    const { 'test.Upstream server': upstream, ...others } = spans[`gRPC, ${how}`] ?? {};
    const ended = { ...failed(undefined, event), endedBy: last[0] };
    expect(others).toEqual({ 'test.Edge server': ended, 'test.Upstream client': ended });
    expect(upstream?.status).toBe('ERROR');
    expect(last).toContain(upstream?.endedBy);
  });

  test('gRPC: a call that fails by itself was ended by nobody', () => {
    const hops = ['test.Edge server', 'test.Upstream client', 'test.Upstream server'];
    expect(spans['gRPC, own error']).toEqual(Object.fromEntries(hops.map((hop) => [hop, failed(undefined)])));
  });
});

test.each<[string, () => ReturnType<typeof spansOf>]>([
  ['hangUpStatus', () => spansOf('that keeps the status')],
  ['OTEL_DEADLINE_HANG_UP_STATUS', () => throughRegister({ OTEL_DEADLINE_HANG_UP_STATUS: 'keep' })],
])('%s: keep leaves a span as the instrumentation has recorded it', async (_, run) => {
  const spans = await run();
  for (const [call, { hangUp }] of clients) {
    expect(spans[`${call}, hang-up`]).toEqual({
      client: failed(hangUp, 'exception', 'deadline.cancelled'),
      server: gone,
    });
  }
});

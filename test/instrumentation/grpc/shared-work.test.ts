import { throwIfExceeded } from '../../../src/context/context-deadline.js';
import { withTimeout } from '../../../src/context/with-scope.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, KINDS, type Kind, type Outcome } from './peers.js';
import { answersWith, UNANSWERED, WAYS, type Way } from './ways-to-fail.js';

const enforcement = new GrpcEnforcement({ server: { defaultBudget: 500 } });
const peers = new GrpcPeers();

const INTERNAL = 13;

const STREAMS: [string, Way][] = [...WAYS, ['destroys its stream with', ({ call }, error) => call.destroy(error)]];

/** How the work of the first call ends: by its deadline, or because its caller goes away. */
const ENDS: [string, number, (call: { cancel(): void }) => void][] = [
  ['has run out of time', 4, () => advance(500)],
  ['was cancelled', 1, (call) => call.cancel()],
];

/** In what the reason comes to the handler of another call. */
const forms: [string, (reason: Error, code: number) => unknown][] = [
  ['the reason itself', (reason) => reason],
  [
    "the error of a gRPC client's call",
    (reason, code) => Object.assign(new Error(`${code} gone`), { code, details: 'gone', cause: reason }),
  ],
];

/** The error of a first call, and what a second one is answered that fails with it. */
async function fail(kind: Kind, way: Way, end: (call: { cancel(): void }) => void, form: (reason: Error) => unknown) {
  const client = await peers.client().ready();
  const { call, outcome } = client.call(kind);
  const { signal } = await peers.arrived();
  end(call);
  await within(2_000, 'the first call to end', () => signal?.aborted === true);
  peers.app = (handling) => way(handling, form(signal?.reason));
  const answer = await client.outcome(kind);
  call.cancel();
  await outcome;
  return answer;
}

const statusOf = ({ error }: Outcome) => ({ code: error?.code, timebudget: error?.metadata.get('timebudget') });
const foreign = () => enforcement.events.filter(({ type }) => type === 'foreign').length;

describe.each(KINDS)('a handler (%s)', (kind) => {
  const ways = kind === 'download' || kind === 'chat' ? STREAMS : WAYS;
  const rows = ways.flatMap(([name, way]) =>
    ENDS.flatMap(([ended, code, end]) =>
      forms.map(([form, make]) => [name, form, ended, { way, end, code, make }] as const),
    ),
  );

  test.each(rows)('that %s %s of another call, which %s, says INTERNAL', async (_, _form, _ended, row) => {
    const answer = await fail(kind, row.way, row.end, (reason) => row.make(reason, row.code));
    expect(statusOf(answer)).toEqual({ code: INTERNAL, timebudget: [] });
    expect(answer.error?.details).toBe('work that was shared with another call has ended with that call');
    expect(foreign()).toBe(1);
  });

  test('that throws or is rejected with an error that wraps the end of another call does not end the process', async () => {
    for (const [, way] of UNANSWERED) {
      const wrap = (reason: Error) => new TypeError('fetch failed', { cause: reason });
      peers.handlings.length = 0;
      peers.app = () => {};
      const answer = await fail(kind, way, (call) => call.cancel(), wrap);
      expect(statusOf(answer)).toEqual({ code: INTERNAL, timebudget: [] });
    }
  });

  test.each(ways)('that %s the end of another call when its own time is up says that', async (_, way) => {
    const late: Way = (handling, error) => {
      advance(500);
      return way(handling, error);
    };
    const answer = await fail(
      kind,
      late,
      (call) => call.cancel(),
      (reason) => reason,
    );
    expect(statusOf(answer)).toEqual({ code: 4, timebudget: ['0'] });
  });

  test.each(ways)('that %s the end of work inside of it says that', async (_, way) => {
    peers.app = (handling) => {
      try {
        return withTimeout(0, () => throwIfExceeded());
      } catch (error) {
        return way(handling, error);
      }
    };
    const answer = await (await peers.client().ready()).outcome(kind);
    expect(statusOf(answer)).toEqual({ code: 4, timebudget: [] });
    expect(foreign()).toBe(0);
  });

  test('that says a status of its own about the end of another call is taken at its word', async () => {
    const answer = await fail(
      kind,
      answersWith,
      (call) => call.cancel(),
      (reason) => Object.assign(new Error('try again', { cause: reason }), { code: 14 }),
    );
    expect(answer.error).toMatchObject({ code: 14, details: 'try again' });
  });
});

test('a call of the client that two handlers wait for is the end of the first alone', async () => {
  const client = await peers.client().ready();
  let shared: Promise<Outcome> | undefined;
  let waiting = 0;
  peers.app = async (handling) => {
    // The call that both wait for is never answered.
    if (handling.kind === 'upload') return;
    shared ??= client.outcome('upload');
    waiting++;
    handling.fail((await shared).error);
  };
  const first = client.call('unary');
  await within(2_000, 'the first to wait', () => waiting === 1);
  advance(400);
  const second = client.call('unary');
  await within(2_000, 'both to wait', () => waiting === 2);
  advance(100);
  expect((await first.outcome).error?.code).toBe(4);
  expect((await second.outcome).error?.code).toBe(INTERNAL);
});

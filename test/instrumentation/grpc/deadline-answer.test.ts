import { remainingTime } from '../../../src/context/context-deadline.js';
import type { ServerOptions } from '../../../src/instrumentation/options.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement, type Order } from './enforcement.js';
import { GrpcPeers, type Handling, KINDS, type Kind } from './peers.js';

// The option `server.answer`: a call is answered at its deadline, while its handler is still at work.

const nextTurn = () => new Promise(setImmediate);

/** What a handler may do after its time. */
const LATE: [string, (handling: Handling) => unknown][] = [
  ['answers', (handling) => handling.answer()],
  ['answers twice', (handling) => [handling.answer(), handling.answer()]],
  ['fails', (handling) => handling.fail(new Error('late'))],
  ['sends its metadata', ({ call }) => call.sendMetadata(call.metadata)],
  ['writes', ({ call }) => call.write?.('late')],
  ['writes, with a callback', ({ call }) => call.write && new Promise((resolve) => call.write('late', resolve))],
  ['destroys the call', ({ call }) => call.destroy?.()],
];

describe.each<Order>(['alone', 'ours first', 'ours last'])('instrumentation of gRPC: %s', (order) => {
  const client = { grpc: false };
  const enforcement = new GrpcEnforcement({ client }, order);
  const peers = new GrpcPeers();
  const configure = (server: ServerOptions) =>
    enforcement.configure({ client, server: { defaultBudget: 500, ...server } });

  /** A call whose time has run out in its handler, with what its caller was told. */
  async function answered(kind: Kind, server: ServerOptions = { answer: true }) {
    configure(server);
    const { outcome } = (await peers.client().ready()).call(kind);
    const handling = await peers.arrived();
    advance(500);
    return { handling, outcome: await outcome };
  }

  const EXCEEDED = { error: { code: 4, details: expect.stringMatching(/^deadline exceeded: 500 ms budget/) } };

  describe.each(KINDS)('a call (%s)', (kind) => {
    test.each(LATE)('is answered at its deadline; its handler then %s', async (_, write) => {
      const { handling, outcome } = await answered(kind);
      expect(outcome).toMatchObject(EXCEEDED);
      expect(outcome.error?.metadata.get('timebudget')).toEqual(['0']);
      const errors: unknown[] = [];
      handling.call.on('error', (error: unknown) => errors.push(error));
      await write(handling);
      await nextTurn();
      expect(errors.filter((error) => (error as Error).message !== 'late')).toEqual([]);
      await within(2_000, 'the end', () => enforcement.events.length > 0);
      expect(enforcement.counts).toEqual({ 'server exceeded grpc': 1 });
    });

    test('has its calls refused until its handler is done', async () => {
      const { handling } = await answered(kind);
      await within(2_000, 'the end', () => enforcement.events.length > 0);
      expect(handling.signal?.aborted).toBe(true);
      expect(remainingTime(handling.context)).toBe(0);
      handling.answer();
      expect(remainingTime(handling.context)).toBe(Number.POSITIVE_INFINITY);
    });

    test('whose handler is rejected late ends no process', async () => {
      let reject = (_: Error) => {};
      peers.app = () =>
        new Promise((_, no) => {
          reject = no;
        });
      const { handling, outcome } = await answered(kind);
      expect(outcome).toMatchObject(EXCEEDED);
      reject(new Error('late'));
      await nextTurn();
      expect(remainingTime(handling.context)).toBe(Number.POSITIVE_INFINITY);
    });

    test.each([false, () => false])('with the option %s goes on', async (answer) => {
      configure({ answer });
      const { outcome } = (await peers.client().ready()).call(kind);
      const handling = await peers.arrived();
      advance(500);
      handling.answer();
      expect(await outcome).toMatchObject({ error: undefined, messages: ['answer'] });
    });

    if (order !== 'alone') {
      test('has a span that says so', async () => {
        const { handling } = await answered(kind);
        handling.answer();
        const spans = () => enforcement.exporter.getFinishedSpans().filter(({ kind }) => kind === 1);
        await within(2_000, 'the span', () => spans().length === 1);
        expect(spans()[0]?.status.code).toBe(2);
        expect(spans()[0]?.attributes['rpc.grpc.status_code']).toBe(4);
      });
    }
  });

  test.each(['download', 'chat'] as const)('a stream (%s) whose head is out is left alone', async (kind) => {
    configure({ answer: true });
    peers.app = ({ call }) => call.write('first');
    const { outcome } = (await peers.client().ready()).call(kind);
    const { call } = await peers.arrived();
    await nextTurn();
    advance(500);
    call.write('second');
    call.end();
    expect(await outcome).toMatchObject({ error: undefined, messages: ['first', 'second'] });
  });
});

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Metadata } from '@grpc/grpc-js';
import { throwIfExceeded } from '../../../src/context/context-deadline.js';
import { Deadline } from '../../../src/context/deadline.js';
import { CallCancelledError, type EndReason } from '../../../src/errors.js';
import type { ServerOptions } from '../../../src/instrumentation/options.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, type Handling, KINDS, type Kind, type Outcome } from './peers.js';
import { throws, UNANSWERED, WAYS, type Way } from './ways-to-fail.js';

const client = { grpc: false };
const enforcement = new GrpcEnforcement({ client });
const peers = new GrpcPeers();
const configure = (server: ServerOptions) => enforcement.configure({ client, server });

const exceeded = () => Deadline.after(0).toError();
const coded = (code: unknown) => Object.assign(new Error('gave up'), { code });

/** What a caller is told by a handler that fails in that way, `late` after its deadline or in time. */
async function told(kind: Kind, way: Way, error: unknown, late: boolean) {
  configure({ defaultBudget: 500 });
  peers.app = (handling) => {
    if (late) advance(500);
    return way(handling, error);
  };
  return (await peers.client().ready()).outcome(kind);
}

const status = ({ error }: Outcome) => ({
  code: error?.code,
  details: error?.details,
  timebudget: error?.metadata.get('timebudget'),
});

describe.each(KINDS)('a handler (%s)', (kind) => {
  describe.each(WAYS)('that %s an error after its deadline', (name, way) => {
    // What is thrown was not meant for the client.
    const details = name === 'answers with' ? 'gave up' : expect.stringMatching(/^deadline exceeded: 500 ms budget/);

    test.each([
      ['without a code', coded(undefined)],
      ['with the code UNKNOWN', coded(2)],
      ["with another library's code", coded('ECONNRESET')],
    ])('%s, is taken to say DEADLINE_EXCEEDED', async (_, error) => {
      expect(status(await told(kind, way, error, true))).toEqual({ code: 4, details, timebudget: ['0'] });
    });

    test('that is the reason itself, says DEADLINE_EXCEEDED', async () => {
      const outcome = told(
        kind,
        (handling) => {
          try {
            throwIfExceeded();
          } catch (reason) {
            return way(handling, reason);
          }
          return undefined;
        },
        undefined,
        true,
      );
      expect(status(await outcome)).toEqual({
        code: 4,
        details: expect.stringMatching(/^deadline exceeded: 500 ms budget/),
        timebudget: ['0'],
      });
    });
  });

  describe.each(UNANSWERED)('that %s an error with a status', (_, way) => {
    test.each([
      ['of its own', coded(14)],
      ['of a call that was ended with it', Object.assign(coded(4), { cause: exceeded() })],
    ])('%s, after its deadline, is taken to say DEADLINE_EXCEEDED', async (_, error) => {
      expect(status(await told(kind, way, error, true))).toMatchObject({ code: 4, timebudget: ['0'] });
    });

    test('of a call that a scope of its own has ended in time, says so', async () => {
      const error = Object.assign(coded(4), { cause: exceeded() });
      expect(status(await told(kind, way, error, false))).toMatchObject({ code: 4, timebudget: [] });
    });
  });

  test('that answers with a code of its own after its deadline is taken at its word', async () => {
    const outcome = await told(kind, (handling, error) => handling.fail(error), coded(5), true);
    expect(status(outcome)).toEqual({ code: 5, details: 'gave up', timebudget: [] });
  });

  test('that answers after its deadline has answered', async () => {
    expect((await told(kind, (handling) => handling.answer(), undefined, true)).messages).toEqual(['answer']);
  });

  test('that fails in time with an error of its own is taken at its word', async () => {
    const outcome = await told(kind, (handling, error) => handling.fail(error), coded(undefined), false);
    expect(status(outcome)).toEqual({ code: 2, details: 'gave up', timebudget: [] });
  });

  test.each<[string, () => EndReason, number]>([
    ['a DeadlineExceededError', exceeded, 4],
    ['a CallCancelledError', () => new CallCancelledError(), 1],
  ])('that fails in time with %s of a scope of its own says so', async (_, reason, code) => {
    for (const [, way] of WAYS) {
      const outcome = await told(kind, way, reason(), false);
      expect(status(outcome)).toMatchObject({ code, timebudget: [] });
    }
  });

  test('that throws in time fails as grpc-js has it', async () => {
    const outcome = await told(kind, throws, coded(undefined), false);
    expect(status(outcome)).toEqual({ code: 2, details: 'Unknown error', timebudget: [] });
  });

  test('with keepStatus, UNKNOWN stays, but the reason itself is understood', async () => {
    configure({ keepStatus: true, defaultBudget: 500 });
    for (const [, way] of WAYS) {
      for (const [error, code] of [
        [coded(undefined), 2],
        [exceeded(), 4],
      ] as const) {
        peers.app = (handling) => {
          advance(500);
          return way(handling, error);
        };
        expect((await (await peers.client().ready()).outcome(kind)).error).toMatchObject({ code });
      }
    }
  });

  test('that is rejected because the caller has gone leaves no rejection unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      let rejected = false;
      peers.app = async ({ signal }) => {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        rejected = true;
        throw new TypeError('fetch failed', { cause: signal?.reason });
      };
      const { call } = (await peers.client().ready()).call(kind);
      await peers.arrived();
      call.cancel();
      await within(2_000, 'the handler to be rejected', () => rejected);
      for (let i = 0; i < 3; i++) await new Promise(setImmediate);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe('the trailers of an answer', () => {
  const trailer = () => {
    const metadata = new Metadata();
    metadata.set('request-id', 'r-1');
    return metadata;
  };

  test.each<[string, (handling: Handling) => void]>([
    ['given beside the error', (handling) => handling.fail(new Error('gave up'), trailer())],
    ['given with the error', (handling) => handling.fail(Object.assign(new Error('gave up'), { metadata: trailer() }))],
  ])('%s, are kept', async (_, way) => {
    const { error } = await told('unary', way, undefined, true);
    expect(error?.code).toBe(4);
    expect(error?.metadata.getMap()).toMatchObject({ 'request-id': 'r-1', timebudget: '0' });
  });

  test('are left alone in an object that the application keeps', async () => {
    const kept = trailer();
    await told('unary', (handling) => handling.fail(new Error('gave up'), kept), undefined, true);
    expect(kept.getMap()).toEqual({ 'request-id': 'r-1' });
  });
});

// On its own, grpc-js sends nothing when a stream of answers is destroyed: its client waits for ever.
test.each(['download', 'chat'] as const)('a pipeline into a call (%s) that our abort ends answers', async (kind) => {
  configure({ defaultBudget: 500 });
  peers.app = async ({ call, signal }) => {
    const endless = new Readable({ objectMode: true, read() {} });
    endless.push('first');
    await pipeline(endless, call, { signal: signal as AbortSignal });
  };
  const { outcome } = (await peers.client().ready()).call(kind);
  await peers.arrived();
  advance(500);
  expect((await outcome).error).toMatchObject({ code: 4 });
});

import { InterceptingCall, type Interceptor, type Metadata } from '@grpc/grpc-js';
import { context, createContextKey } from '@opentelemetry/api';
import { withCancel, withTimeout } from '../../../src/context/with-scope.js';
import { within } from '../../support/waiting.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, KINDS } from './peers.js';

const enforcement = new GrpcEnforcement({ server: { grpc: false } });
const peers = new GrpcPeers();

const UNAVAILABLE = 14;

/** Makes the call once more, where it is told that the first attempt has failed. */
const retrying: Interceptor = (options, nextCall) => {
  let metadata: Metadata;
  let request: unknown;
  return new InterceptingCall(nextCall(options), {
    start(given, listener, next) {
      metadata = given;
      next(given, {
        onReceiveStatus(status, tell) {
          if (status.code !== UNAVAILABLE) return tell(status);
          const again = nextCall(options);
          again.start(metadata, {
            onReceiveMessage: (message) => listener.onReceiveMessage(message),
            onReceiveStatus: tell,
          });
          again.sendMessage(request);
          again.halfClose();
        },
      });
    },
    sendMessage(message, next) {
      request = message;
      next(message);
    },
  });
};

const KEY = createContextKey('of the caller');
const asCaller = <T>(name: string, fn: () => T): T => context.with(context.active().setValue(KEY, name), fn);
const caller = () => context.active().getValue(KEY);

describe('a call that waits for the connection that another caller opens', () => {
  test('is made once more in its own scope: the other caller may go', async () => {
    const client = peers.client({ interceptors: [retrying] });
    let hangUp = () => {};
    const first = withCancel((_, cancel) => {
      hangUp = cancel;
      return client.outcome('unary');
    });
    const second = withTimeout(5_000, () => client.outcome('unary'));
    const waiting = await peers.arrived(1);
    waiting.fail(Object.assign(new Error('try again'), { code: UNAVAILABLE }));
    const retry = await peers.arrived(2);
    hangUp();
    expect((await first).error).toMatchObject({ code: 1 });
    retry.answer();
    expect(await second).toEqual({ error: undefined, messages: ['answer'] });
    expect(enforcement.counts).toEqual({ 'client cancelled grpc': 1 });
  });

  describe.each<[string, <T>(fn: () => T) => T]>([
    ['with a deadline', (fn) => withTimeout(5_000, fn)],
    ['without one', (fn) => fn()],
  ])('%s', (_, run) => {
    test.each(KINDS)('(%s) is told of everything in the context of its caller', async (kind) => {
      peers.app = (handling) => handling.answer();
      const { stub } = peers.client();
      const other = asCaller('the other', () => withTimeout(5_000, () => made(stub, 'unary')));
      const told = await asCaller('its own', () => run(() => made(stub, kind)));
      await other;
      expect(Object.keys(told)).toEqual(expect.arrayContaining(['metadata', 'status']));
      expect(new Set(Object.values(told))).toEqual(new Set(['its own']));
    });
  });
});

/** Makes a call and returns who it is whose context each of its listeners runs in. */
// biome-ignore lint/suspicious/noExplicitAny: the four kinds of call have no type in common
async function made(stub: any, kind: (typeof KINDS)[number]): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  const note = (event: string) => () => {
    told[event] = caller();
  };
  const requests = kind === 'unary' || kind === 'download' ? ['request'] : [];
  const callback = kind === 'unary' || kind === 'upload' ? [note('callback')] : [];
  const call = stub[kind](...requests, ...callback);
  for (const event of ['metadata', 'data', 'end', 'finish', 'status', 'error']) call.on(event, note(event));
  if (requests.length === 0) {
    call.write('request', note('written'));
    call.end();
  }
  await within(2_000, 'the call to end', () => 'status' in told);
  return told;
}

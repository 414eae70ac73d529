import * as undici from 'undici';
import { CallCancelledError } from '../../src/errors.js';
import { failure } from '../../src/instrumentation/undici/handler-failure.js';
import { testNeeded, testReached } from './needed.js';

// The handlers by which undici is informed of what becomes of a call: those of the undici in Node, and of that from npm.

interface Handler {
  onError?(error: Error): void;
  onResponseError?(controller: unknown, error: Error): void;
}

/** Keeps the handler of each call, and sends none. */
class Capturing extends undici.Dispatcher {
  readonly handlers: Handler[] = [];

  override dispatch(_: undici.Dispatcher.DispatchOptions, handler: undici.Dispatcher.DispatchHandler): boolean {
    this.handlers.push(handler as Handler);
    return true;
  }

  override async close(): Promise<void> {}
}

const ORIGIN = 'http://127.0.0.1';

/** The handler of a call of Node's own `fetch`; `response` settles with that call. */
async function ownFetch(): Promise<{ handler: Handler; response: Promise<Response> }> {
  const dispatcher = new Capturing();
  const response = fetch(ORIGIN, { dispatcher } as RequestInit);
  while (dispatcher.handlers.length === 0) await new Promise(setImmediate);
  return { handler: dispatcher.handlers[0] as Handler, response };
}

function fail({ handler, response }: Awaited<ReturnType<typeof ownFetch>>, error: Error): Promise<{ cause?: unknown }> {
  if (handler.onResponseError) handler.onResponseError({ aborted: false, abort() {}, pause() {}, resume() {} }, error);
  else handler.onError?.(error);
  return response.then(
    () => ({}),
    (error) => error,
  );
}

const realm = {
  covers: 'src/instrumentation/undici/global-fetch.ts',
  fault: 'of an error of another realm `fetch` keeps only the text',
} as const;

testNeeded(realm, async () => {
  class OwnError extends Error {}
  const error = new OwnError('failed');
  const { cause } = await fail(await ownFetch(), error);
  expect((cause as Error | undefined)?.message).toContain('failed');
  return cause !== error;
});

const names = {
  covers: 'src/instrumentation/undici/handler-failure.ts',
  fault: 'the handlers of the undici in Node have no `onResponseError`',
  neededOn: { 20: true, 22: true, 24: true, 26: false },
} as const;

testNeeded(names, async () => {
  const call = await ownFetch();
  await fail(call, new Error('failed'));
  return call.handler.onResponseError === undefined;
});

const handlers = { covers: 'src/instrumentation/undici/handler-failure.ts' } as const;

testReached({ ...handlers, fault: 'the stream that `pipeline` has returned' }, () => {
  const dispatcher = new Capturing();
  const stream = dispatcher.pipeline({ origin: ORIGIN, path: '/', method: 'GET' }, ({ body }) => body);
  const [handler] = dispatcher.handlers;
  expect(stream.listenerCount('error')).toBe(0);
  failure(handler, new CallCancelledError(), 'GET /');
  expect(stream.listenerCount('error')).toBe(1);
});

testReached({ ...handlers, fault: 'whether a call is one of `fetch`' }, async () => {
  const reason = new CallCancelledError();
  const own = await ownFetch();
  const dispatcher = new Capturing();
  const fetched = undici.fetch(ORIGIN, { dispatcher });
  const ignore = () => {};
  const target = { origin: ORIGIN, path: '/', method: 'GET' } as const;
  while (dispatcher.handlers.length === 0) await new Promise(setImmediate);
  dispatcher.request(target).catch(ignore);
  dispatcher.stream(target, () => new undici.Dispatcher() as never).catch(ignore);
  dispatcher.pipeline(target, ({ body }) => body);
  dispatcher.upgrade({ ...target, protocol: 'test' }).catch(ignore);
  dispatcher.connect({ ...target }).catch(ignore);
  const areOfFetch = [own.handler, ...dispatcher.handlers].map(
    (handler) => failure(handler, reason, 'GET /') === reason,
  );
  expect(areOfFetch).toEqual([true, true, false, false, false, false, false]);
  await fail(own, new Error('failed'));
  await fail({ handler: dispatcher.handlers[0] as Handler, response: fetched as unknown as Promise<Response> }, reason);
});

const redispatching = { covers: 'src/instrumentation/undici/dispatch.ts' } as const;

testReached({ ...redispatching, fault: 'the `dispatch` of a handler that retries, and the handler behind it' }, () => {
  const dispatcher = new Capturing();
  const retrying = dispatcher.compose(undici.interceptors.retry());
  retrying.request({ origin: ORIGIN, path: '/', method: 'GET' }).catch(() => {});
  const [handler] = dispatcher.handlers;
  expect(handler).toHaveProperty('dispatch');
  expect(handler).toHaveProperty('handler');
});

import { type Context, context as contextApi, propagation, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { abortSignal, remainingTime } from '../../src/context/context-deadline.js';
import { shared } from '../../src/context/shared/shared.js';
import { withTimeout } from '../../src/context/with-scope.js';
import { isDeadlineExceeded } from '../../src/errors.js';
import { advance, useFakeClock } from '../support/fake-clock.js';
import { Call, turn, Work } from './shared-calls.js';

useFakeClock();

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** A span that keeps the links that it gets. */
function span(spanId: string, { recording = true, traceId = TRACE_ID } = {}) {
  const links: unknown[] = [];
  const fake = {
    spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
    isRecording: () => recording,
    addLink: (link: unknown) => links.push(link),
  };
  return { context: trace.setSpan(ROOT_CONTEXT, fake as unknown as Span), fake, links };
}

describe('the trace', () => {
  let calls: Call[];
  let work: Work;
  beforeEach(() => {
    calls = [];
    work = new Work();
  });
  const ask = (parent: Context) => calls.push(new Call(work, work.fn, { parent }));
  afterEach(async () => {
    work.run.resolve('result');
    await turn();
    expect(calls.map(({ outcome }) => outcome)).toEqual(calls.map(() => ({ value: 'result' })));
  });

  test('the run has the span and the baggage of the call that began it', () => {
    const baggage = propagation.createBaggage({ tenant: { value: 'a' } });
    const first = span('00f067aa0ba902b7');
    ask(propagation.setBaggage(first.context, baggage));
    expect(trace.getSpan(work.run.context)).toBe(first.fake);
    expect(propagation.getBaggage(work.run.context)).toBe(baggage);
  });

  test('the spans of the others get a link to it, though it may have ended', () => {
    const first = span('00f067aa0ba902b7', { recording: false });
    const second = span('b7ad6b7169203331');
    for (const { context } of [first, second]) ask(context);
    expect(second.links).toEqual([{ context: first.fake.spanContext() }]);
    expect(first.links).toEqual([]);
  });

  test.each<[string, Context | undefined, ReturnType<typeof span>]>([
    ['the same span waits', undefined, span('b7ad6b7169203331')],
    ['the run began without a span', ROOT_CONTEXT, span('b7ad6b7169203331')],
    ['the span of the run is no valid one', span('0000000000000000').context, span('b7ad6b7169203331')],
    ['the span does not record', span('00f067aa0ba902b7').context, span('b7ad6b7169203331', { recording: false })],
  ])('no link: %s', (_, first, second) => {
    ask(first ?? second.context);
    ask(second.context);
    expect(second.links).toEqual([]);
  });

  test('a span of an api before 1.9 has no links to add', () => {
    ask(span('00f067aa0ba902b7').context);
    const old = span('b7ad6b7169203331');
    Object.assign(old.fake, { addLink: undefined });
    ask(old.context);
    ask(ROOT_CONTEXT);
  });
});

describe('where a context manager is registered', () => {
  beforeAll(() => void contextApi.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
  afterAll(() => contextApi.disable());

  test('the active context binds the wait, and fn runs in the context of the run, after each await too', async () => {
    const seen: unknown[] = [];
    const call = withTimeout(50, () => {
      const promise = shared({}, async (context) => {
        for (let i = 0; i < 2; i++) {
          seen.push(contextApi.active() === context, remainingTime(), abortSignal() === abortSignal(context));
          await turn();
        }
        return new Promise<never>(() => {});
      });
      return promise.catch((error) => [isDeadlineExceeded(error), remainingTime()]);
    });
    await turn();
    await turn();
    expect(seen).toEqual([true, 30_000, true, true, 30_000, true]);
    advance(50);
    expect(await call).toEqual([true, 0]);
  });

  test('a lazy thenable, such as a query builder, begins in the context of the run', async () => {
    // biome-ignore lint/suspicious/noThenProperty: the case is a thenable that is no Promise
    const query = { then: (resolve: (value: number) => void) => resolve(remainingTime()) };
    const fn = () => query as PromiseLike<number>;
    expect(await withTimeout(50, () => shared({}, fn, { budget: 70 }))).toBe(70);
  });

  test('a run that asks for its own key after an await gets an error', async () => {
    const key = {};
    const call = shared(key, async () => {
      await turn();
      return shared(key, () => 'never');
    });
    await expect(call).rejects.toThrow('shared work would wait for itself');
  });
});

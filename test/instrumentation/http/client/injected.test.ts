import http, { type OutgoingHttpHeaders } from 'node:http';
import {
  type Context,
  context,
  defaultTextMapSetter,
  diag,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { detach, withCancel, withTimeout } from '../../../../src/context/with-scope.js';
import { rememberInjections, takeInjection } from '../../../../src/instrumentation/http/others-injection.js';
import { createPropagator, type PropagatorOptions } from '../../../../src/propagation/create-propagator.js';
import { DeadlinePropagator } from '../../../../src/propagation/deadline-propagator.js';
import { deadlineFormat } from '../../../../src/wire/formats/deadline-format.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { OpenScope, Outcome } from '../calls.js';
import { flagsFor, run } from '../processes.js';
import { type Served, Servers } from '../servers.js';

// Another instrumentation injects into the headers of a call, and then makes it in the same context.

const servers = new Servers();
const enforcement = new Enforcement({ server: { http: false } });
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = (last: number) => last.toString(16).padStart(16, '0');

/** `within`, in a span of its own, and with baggage. */
function traced(within: Context, last = 1): Context {
  const span = trace.setSpanContext(within, { traceId, spanId: spanId(last), traceFlags: 1 });
  return propagation.setBaggage(span, propagation.createBaggage({ user: { value: 'u-17' } }));
}

/** What the propagator of the process has been asked to write. */
let injections: unknown[];
function register(options?: PropagatorOptions): void {
  injections = [];
  const inner = createPropagator(options);
  const counting: TextMapPropagator = {
    inject(from, carrier, setter) {
      injections.push(carrier);
      inner.inject(from, carrier, setter);
    },
    extract: (...args) => inner.extract(...args),
    fields: () => inner.fields(),
  };
  propagation.disable();
  propagation.setGlobalPropagator(counting);
}
beforeEach(() => register());

/** A first call, by which it becomes known what the registered propagator is. */
async function warmUp(url: string): Promise<void> {
  await new Outcome(http.get(url)).body();
  injections.length = 0;
}

/** A server that tells which fields have arrived, and how often each. */
async function listing(): Promise<Served> {
  return servers.serve((request, response) => {
    const { traceparent, baggage, timebudget } = request.headersDistinct;
    response.end(JSON.stringify({ traceparent, baggage, timebudget }));
  });
}

interface Call {
  /** What is done between the two. */
  readonly meanwhile?: (headers: OutgoingHttpHeaders) => void;
  /** In which it is made. Default: the context from which was injected. */
  readonly madeIn?: (injected: Context) => Context;
  /** What it is made with. Default: the headers into which was injected. */
  readonly headers?: (injected: OutgoingHttpHeaders) => OutgoingHttpHeaders;
  readonly inject?: (from: Context, headers: OutgoingHttpHeaders) => void;
  readonly own?: OutgoingHttpHeaders;
}

const injectAll = (from: Context, headers: OutgoingHttpHeaders) => propagation.inject(from, headers);

/** Injects, and makes a call. */
function call(url: string, { meanwhile, madeIn, headers, inject, own }: Call = {}): Outcome {
  const from = traced(context.active());
  const injected: OutgoingHttpHeaders = { ...own };
  (inject ?? injectAll)(from, injected);
  meanwhile?.(injected);
  return context.with(
    madeIn?.(from) ?? from,
    () => new Outcome(http.get(url, { headers: headers?.(injected) ?? injected })),
  );
}

const all = { traceparent: [`00-${traceId}-${spanId(1)}-01`], baggage: ['user=u-17'], timebudget: ['500'] };

describe('each field arrives once, and says what is left', () => {
  test.each<[string, Call, number, object]>([
    ['when it has just been injected, and not again', {}, 1, all],
    ['in place of what the application wrote', { own: { TimeBudget: '90000', 'x-own': '1' } }, 1, all],
    ['whatever its spelling', { own: { timebudget: '1', TimeBudget: '90000' } }, 1, all],
    ['when it was changed since', { meanwhile: (headers) => void Object.assign(headers, { timebudget: '9' }) }, 1, all],
    [
      'when it was removed since',
      {
        meanwhile: (headers) => {
          delete headers.timebudget;
        },
      },
      1,
      all,
    ],
    ['when that was a while ago', { meanwhile: () => advance(20) }, 2, { ...all, timebudget: ['480'] }],
    ['when time has run out since', { meanwhile: () => advance(499.5) }, 2, { ...all, timebudget: ['0'] }],
    ['when the headers were copied', { headers: (injected) => ({ ...injected }) }, 2, all],
    ['when others are sent', { headers: () => ({ timebudget: '400' }) }, 2, all],
    ['when it was from another span', { madeIn: (injected) => traced(injected, 2) }, 2, all],
    [
      'when the deadline alone was injected, by hand',
      {
        inject: (from, headers) => new DeadlinePropagator().inject(from, headers, defaultTextMapSetter),
      },
      1,
      all,
    ],
    [
      'when the deadline alone was injected, by hand, beside a trace context',
      {
        own: { traceparent: all.traceparent[0] as string },
        inject: (from, headers) => new DeadlinePropagator().inject(from, headers, defaultTextMapSetter),
      },
      1,
      all,
    ],
    [
      'when something else was injected last',
      { meanwhile: () => propagation.inject(traced(context.active(), 3), {}) },
      3,
      all,
    ],
  ])('%s', async (_, how, times, expected) => {
    const { url } = await listing();
    await warmUp(url);
    const outcome = withTimeout(500, () => call(url, how));
    expect(JSON.parse(await outcome.body())).toEqual(expected);
    expect(injections).toHaveLength(times);
  });

  test('for each of two calls with the same headers', async () => {
    const { url } = await listing();
    await warmUp(url);
    const scope = new OpenScope(500);
    const from = traced(scope.context);
    const headers = {};
    propagation.inject(from, headers);
    const get = () => context.with(from, () => new Outcome(http.get(url, { headers })));
    const first = get();
    advance(100);
    const second = get();
    expect(JSON.parse(await first.body())).toEqual(all);
    expect(JSON.parse(await second.body())).toEqual({ ...all, timebudget: ['400'] });
    scope.complete();
  });

  test('when nobody waits any more, and nothing is enforced', async () => {
    const { url } = await listing();
    await warmUp(url);
    enforcement.configure({ mode: 'observe' });
    const outcome = withCancel((_, cancel) => {
      const meanwhile = () => {
        cancel();
        advance(100);
      };
      return call(url, { meanwhile });
    });
    expect(JSON.parse(await outcome.body())).toEqual({ ...all, timebudget: ['0'] });
  });

  test.each<[string, (fn: () => Outcome) => Outcome]>([
    ['without a deadline', (fn) => fn()],
    ['under detach', (fn) => withTimeout(500, () => detach(fn))],
  ])('or says nothing, %s', async (_, run) => {
    const { url } = await listing();
    await warmUp(url);
    const outcome = run(() => call(url));
    expect(JSON.parse(await outcome.body())).toEqual({ ...all, timebudget: undefined });
    expect(injections).toHaveLength(1);
  });
});

describe('a call that another instrumentation has stamped', () => {
  test('is aborted when what it was told runs out', async () => {
    register({ deadline: { reserve: 100 } });
    const { url } = await servers.serve((request, response) => {
      if (request.headers.timebudget === undefined) response.end();
    });
    await warmUp(url);
    const scope = new OpenScope(500);
    const outcome = scope.run(() => call(url));
    expect(injections).toHaveLength(1);
    advance(399);
    expect(outcome.closed).toBe(false);
    advance(1);
    await outcome.close();
    expect(outcome.errors).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED', spent: 400 })]);
    scope.complete();
  });

  test('goes out as it was stamped when a format of the application fails the next time', async () => {
    const errors = jest.spyOn(diag, 'error').mockReturnValue();
    let times = 0;
    const format = (ms: number) => {
      times++;
      if (times > 1) throw new Error('once only');
      return String(ms);
    };
    const once = deadlineFormat({ field: 'timebudget', parse: Number, format });
    register({ deadline: { inject: [once] } });
    const { url } = await listing();
    await warmUp(url);
    const outcome = withTimeout(500, () => call(url));
    expect(JSON.parse(await outcome.body())).toEqual(all);
    expect(times).toBe(2);
    expect(errors).toHaveBeenCalledTimes(1);
    errors.mockRestore();
  });

  test('tells what is left when it has waited for a socket', async () => {
    const { url } = await listing();
    await warmUp(url);
    const agent = new http.Agent({ maxSockets: 1 });
    const scope = new OpenScope(500);
    const from = traced(scope.context);
    const get = () => {
      const headers = {};
      propagation.inject(from, headers);
      return context.with(from, () => new Outcome(http.get(url, { headers, agent })));
    };
    const [first, second] = [get(), get()];
    expect(injections).toHaveLength(2);
    advance(200);
    expect(JSON.parse(await first.body())).toEqual(all);
    expect(JSON.parse(await second.body())).toEqual({ ...all, timebudget: ['300'] });
    agent.destroy();
    scope.complete();
  });
});

test.each([
  ['before', ['http', 'ours']],
  ['after', ['ours', 'http']],
])("a call of instrumentation-http's is injected into once, registered %s ours", async (_, order) => {
  const { report, stderr } = await run('injected-app.cjs', flagsFor('CommonJS', 'telemetry.cjs'), { order });
  expect(stderr).toBe('');
  expect(report).toEqual({ injections: 1, timebudget: '500' });
});

describe('the last injection', () => {
  beforeEach(() => enforcement.configure({ client: { http: false }, server: { http: false } }));
  const propagator = new DeadlinePropagator();
  const inject = (from: Context, carrier: object) => propagator.inject(from, carrier, { set() {} });

  test('is forgotten when it has been asked for', () => {
    const stop = rememberInjections();
    const [carrier, other] = [{}, {}];
    inject(ROOT_CONTEXT, carrier);
    expect(takeInjection(ROOT_CONTEXT, carrier)).toMatchObject({
      budget: Number.POSITIVE_INFINITY,
      writer: propagator,
    });
    expect(takeInjection(ROOT_CONTEXT, carrier)).toBeUndefined();
    inject(ROOT_CONTEXT, carrier);
    expect(takeInjection(ROOT_CONTEXT, other)).toBeUndefined();
    expect(takeInjection(ROOT_CONTEXT, carrier)).toBeUndefined();
    stop();
  });

  test('is not remembered when nobody wants to know it any more', () => {
    const stop = rememberInjections();
    const carrier = {};
    inject(ROOT_CONTEXT, carrier);
    stop();
    expect(takeInjection(ROOT_CONTEXT, carrier)).toBeUndefined();
    inject(ROOT_CONTEXT, carrier);
    expect(takeInjection(ROOT_CONTEXT, carrier)).toBeUndefined();
  });
});

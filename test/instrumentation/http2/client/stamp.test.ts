import http2, { type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { detach, withTimeout } from '../../../../src/context/with-scope.js';
import { connectTimeoutMs } from '../../../../src/wire/formats/connect-timeout-ms.js';
import { timebudget } from '../../../../src/wire/formats/timebudget.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { OpenScope } from '../../http/calls.js';
import { listing, Outcome, Sessions } from '../streams.js';

const sessions = new Sessions();
const enforcement = new Enforcement({ server: { http2: false } });
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const TAKES_ARRAYS = Number(process.versions.node.split('.')[0]) >= 22;

/** The active context of a request with trace and baggage, and without a deadline. */
function traced(): Context {
  const span = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 });
  return propagation.setBaggage(span, propagation.createBaggage({ user: { value: 'u-17' } }));
}

type Call = (session: ClientHttp2Session) => http2.ClientHttp2Stream;
const get: Call = (session) => session.request();

async function fieldsOf(call: Call = get, active = traced(), ms = 500): Promise<Record<string, string>> {
  const session = await sessions.connect((await sessions.serve(listing)).url);
  const outcome = context.with(active, () => withTimeout(ms, () => new Outcome(call(session))));
  const fields = JSON.parse(await outcome.body());
  await outcome.close();
  return fields;
}

const all = { traceparent, baggage: 'user=u-17', timebudget: '500' };

describe('a call carries trace context, baggage and budget, each once', () => {
  const withHeaders = (headers: unknown) => (session: ClientHttp2Session) =>
    session.request(headers as OutgoingHttpHeaders);

  test.each<[string, Call]>([
    ['without headers', get],
    ['undefined', withHeaders(undefined)],
    ['an object', withHeaders({ ':path': '/path', accept: '*/*' })],
    ['an object without a prototype', withHeaders(Object.assign(Object.create(null), { ':path': '/' }))],
    ['names in upper case', withHeaders({ ACCEPT: '*/*' })],
    ['options', (session) => session.request({ ':method': 'GET' }, { endStream: true })],
    ['a body', (session) => session.request({ ':method': 'POST' }).end('body')],
    ...(TAKES_ARRAYS ? [['an array', withHeaders([':path', '/path', 'accept', '*/*'])] as [string, Call]] : []),
  ])('%s', async (_, call) => {
    expect(await fieldsOf(call)).toEqual(all);
  });

  test('with what is left when it is made', async () => {
    const late: Call = (session) => {
      advance(120.5);
      return session.request();
    };
    expect(await fieldsOf(late)).toMatchObject({ timebudget: '379' });
  });

  const own = { TimeBudget: '90000', Traceparent: 'its own', baggage: 'its=own' };
  test.each<[string, unknown]>([
    ['an object', own],
    ...(TAKES_ARRAYS ? [['an array', Object.entries(own).flat()] as [string, unknown]] : []),
  ])("with ours in place of the application's budget, and its own trace context and baggage, in %s", async (_, own) => {
    const expected = { traceparent: 'its own', baggage: 'its=own', timebudget: '500' };
    expect(await fieldsOf(withHeaders(own))).toEqual(expected);
  });

  test('and a shorter limit that the application has set in a format of others stays', async () => {
    enforcement.propagate({ deadline: { inject: [timebudget, connectTimeoutMs] } });
    const fields = await fieldsOf(withHeaders({ 'Connect-Timeout-Ms': '150' }));
    expect(fields).toMatchObject({ timebudget: '500', 'connect-timeout-ms': '150' });
  });

  test.each<[string, unknown]>([
    ['object', { accept: '*/*', [http2.sensitiveHeaders]: ['accept'] }],
    ...(TAKES_ARRAYS
      ? [['array', Object.assign(['accept', '*/*'], { [http2.sensitiveHeaders]: ['accept'] })] as [string, unknown]]
      : []),
  ])("and the application's %s stays as it was, and what is sensitive stays so", async (_, headers) => {
    const before = Array.isArray(headers) ? [...headers] : { ...(headers as object) };
    let sent: OutgoingHttpHeaders | undefined;
    await fieldsOf((session) => {
      const stream = session.request(headers as OutgoingHttpHeaders);
      sent = stream.sentHeaders;
      return stream;
    });
    expect(Array.isArray(headers) ? [...headers] : headers).toEqual(before);
    expect((sent as Record<symbol, unknown>)[http2.sensitiveHeaders]).toEqual(['accept']);
  });

  test('with a reserve for the own answer', async () => {
    enforcement.propagate({ deadline: { reserve: 100 } });
    expect(await fieldsOf()).toMatchObject({ timebudget: '400' });
  });
});

describe('a call carries no budget', () => {
  const { timebudget: _, ...others } = all;

  test('without a deadline', async () => {
    expect(await fieldsOf(get, traced(), Number.POSITIVE_INFINITY)).toEqual(others);
  });

  test('under detach', async () => {
    expect(await fieldsOf((session) => detach(() => session.request()))).toEqual(others);
  });

  test('where tracing is suppressed, nor anything else', async () => {
    expect(await fieldsOf(get, suppressTracing(traced()))).toEqual({});
  });

  test('once the scope has completed', async () => {
    const scope = new OpenScope(500);
    scope.complete();
    await new Promise(setImmediate);
    expect(await fieldsOf((session) => scope.run(() => session.request()), ROOT_CONTEXT)).toEqual({});
  });

  test.each([
    ['client.http2: false', { client: { http2: false } }],
    ['client.ignore', { client: { ignore: () => true } }],
  ])('under %s, nor anything else', async (_, config) => {
    enforcement.configure(config);
    expect(await fieldsOf()).toEqual({});
  });
});

describe('the timeout of the protocol, for peers without this package', () => {
  const connect = { ':method': 'POST', 'content-type': 'application/proto', 'connect-protocol-version': '1' };
  const grpc = { ':method': 'POST', 'content-type': 'application/grpc+proto' };

  test.each<[string, OutgoingHttpHeaders, string | undefined, string, string]>([
    ['a unary call of Connect', connect, undefined, 'connect-timeout-ms', '500'],
    ['a shorter one of the call itself', connect, '80', 'connect-timeout-ms', '80'],
    ['a longer one', connect, '9000', 'connect-timeout-ms', '500'],
    [
      'a stream of Connect',
      { ...grpc, 'content-type': 'application/connect+json' },
      undefined,
      'connect-timeout-ms',
      '500',
    ],
    ['gRPC', grpc, undefined, 'grpc-timeout', '500m'],
    ['gRPC with a shorter one', grpc, '80m', 'grpc-timeout', '80m'],
    ['gRPC with a longer one', grpc, '9S', 'grpc-timeout', '500m'],
    ['gRPC-Web', { ...grpc, 'content-type': 'application/grpc-web+proto' }, undefined, 'grpc-timeout', '500m'],
  ])('%s', async (_, headers, own, field, expected) => {
    const call: Call = (session) => session.request({ ...headers, ...(own && { [field]: own }) }).end();
    const { timebudget: budget, traceparent: parent, baggage, ...timeout } = await fieldsOf(call);
    expect({ budget, parent, baggage }).toEqual({ budget: '500', parent: traceparent, baggage: 'user=u-17' });
    expect(timeout).toEqual({ [field]: expected });
  });

  test('is not written without a deadline', async () => {
    const call: Call = (session) => session.request({ ...grpc, 'grpc-timeout': '9S' }).end();
    const fields = await fieldsOf(call, ROOT_CONTEXT, Number.POSITIVE_INFINITY);
    expect(fields).toEqual({ 'grpc-timeout': '9S' });
  });
});

describe('client.ignore', () => {
  test.each<[string, OutgoingHttpHeaders, (url: string) => string]>([
    ['without the query', { ':path': '/a/b?token=1' }, (url) => `GET ${url}/a/b`],
    [
      'with the authority of the call',
      { ':authority': 'other.example', ':path': '/a' },
      () => 'GET http://other.example/a',
    ],
    ['with the host of the call', { host: 'third.example' }, () => 'GET http://third.example/'],
    ['with the scheme of the call', { ':scheme': 'https' }, (url) => `GET ${url.replace('http', 'https')}/`],
    ['with the method', { ':method': 'DELETE' }, (url) => `DELETE ${url}/`],
  ])('is asked with the target %s', async (_, headers, target) => {
    const asked: string[] = [];
    enforcement.configure({ server: { http2: false }, client: { ignore: (target) => asked.push(target) > 0 } });
    const { url } = await sessions.serve(listing);
    const session = await sessions.connect(url);
    await new Outcome(session.request(headers)).body();
    expect(asked).toEqual([target(url)]);
  });
});

test.each([[null], ['text'], [1]])('headers that Node refuses are still refused by Node: %p', async (headers) => {
  const { url } = await sessions.serve(listing);
  const session = await sessions.connect(url);
  for (const ms of [500, 0]) {
    const call = () => withTimeout(ms, () => session.request(headers as never));
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  }
});

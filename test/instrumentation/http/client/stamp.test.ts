import http, { type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { type Context, context, diag, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { detach, withTimeout } from '../../../../src/context/with-scope.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { OpenScope, Outcome } from '../calls.js';
import { RawClient, type Served, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement({ server: { http: false } });
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

/** The active context of a request with trace and baggage, and without a deadline. */
function traced(): Context {
  const span = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 });
  return propagation.setBaggage(span, propagation.createBaggage({ user: { value: 'u-17' } }));
}

/** A server that tells which fields have arrived, and how often each. */
async function listing(protocol: 'http' | 'https' = 'http'): Promise<Served> {
  return servers.serve((request, response) => {
    const wanted = ['traceparent', 'baggage', 'timebudget'];
    const lines = Object.entries(request.headersDistinct).filter(([name]) => wanted.includes(name));
    response.end(JSON.stringify(Object.fromEntries(lines)));
  }, protocol);
}

type Fields = Record<string, string[]>;

async function fieldsOf(call: () => http.ClientRequest, within: Context = traced(), ms = 500): Promise<Fields> {
  const outcome = context.with(within, () => withTimeout(ms, () => new Outcome(call())));
  return JSON.parse(await outcome.body());
}

const all = { traceparent: [traceparent], baggage: ['user=u-17'], timebudget: ['500'] };

describe('a call carries trace context, baggage and budget, each once', () => {
  test.each<[string, (served: Served) => http.ClientRequest]>([
    ['http.get', ({ url }) => http.get(url)],
    ['http.request', ({ url }) => http.request(url).end()],
    ['agent: false', ({ url }) => http.get(url, { agent: false })],
    ['a kept-alive agent', ({ url }) => http.get(url, { agent: new http.Agent({ keepAlive: true }) })],
    ['a body', ({ url }) => http.request(url, { method: 'POST' }).end('body')],
    ['createConnection', ({ url, port }) => http.get(url, { createConnection: () => connect(port, '127.0.0.1') })],
    ['headers in a Map-like order', ({ url }) => http.get(url, { headers: { b: '1', a: ['2', '3'] } })],
  ])('by %s', async (_, call) => {
    const served = await listing();
    expect(await fieldsOf(() => call(served))).toEqual(all);
  });

  test('over https', async () => {
    const { url } = await listing('https');
    expect(await fieldsOf(() => https.get(url, { rejectUnauthorized: false, agent: false }))).toEqual(all);
  });

  test('with what is left when it is made', async () => {
    const { url } = await listing();
    const fields = await fieldsOf(() => {
      advance(120.5);
      return http.get(url);
    });
    expect(fields.timebudget).toEqual(['379']);
  });

  test("with ours in place of the caller's own budget, and his own trace context and baggage in place of ours", async () => {
    const { url } = await listing();
    const headers = { TimeBudget: '90000', Traceparent: 'his own', baggage: 'his=own' };
    expect(await fieldsOf(() => http.get(url, { headers }))).toEqual({
      traceparent: ['his own'],
      baggage: ['his=own'],
      timebudget: ['500'],
    });
  });

  test('and the headers that the caller passed in stay as they were', async () => {
    const { url } = await listing();
    const headers: OutgoingHttpHeaders = { accept: '*/*' };
    await fieldsOf(() => http.get(url, { headers }));
    expect(headers).toEqual({ accept: '*/*' });
  });
});

describe('a call carries no budget', () => {
  test('without a deadline', async () => {
    const { url } = await listing();
    const { timebudget: _, ...others } = all;
    expect(await fieldsOf(() => http.get(url), traced(), Number.POSITIVE_INFINITY)).toEqual(others);
  });

  test('outside of everything, nor anything else', async () => {
    const { url } = await listing();
    expect(JSON.parse(await new Outcome(http.get(url)).body())).toEqual({});
  });

  test('under detach', async () => {
    const { url } = await listing();
    const { timebudget: _, ...others } = all;
    expect(await fieldsOf(() => detach(() => http.get(url)))).toEqual(others);
  });

  test('where tracing is suppressed, nor anything else', async () => {
    const { url } = await listing();
    expect(await fieldsOf(() => http.get(url), suppressTracing(traced()))).toEqual({});
  });

  test('once the scope has completed', async () => {
    const { url } = await listing();
    const scope = new OpenScope(500);
    scope.complete();
    await new Promise(setImmediate);
    expect(JSON.parse(await scope.run(() => new Outcome(http.get(url))).body())).toEqual({});
  });

  test('once the request that it belongs to has been answered', async () => {
    const { url } = await listing();
    enforcement.configure({});
    let later: Promise<string> | undefined;
    const { port } = await servers.serve((_, response) => {
      response.on('close', () => {
        later = new Outcome(http.get(url)).body();
      });
      response.end('answered');
    });
    await new RawClient(port)
      .send(['GET / HTTP/1.1', 'timebudget: 60000', `traceparent: ${traceparent}`])
      .received(/answered/);
    expect(JSON.parse((await later) as string)).toEqual({ traceparent: [traceparent] });
  });

  test.each([
    ['client.http: false', { client: { http: false } }],
    ['client.ignore', { client: { ignore: () => true } }],
  ])('under %s', async (_, config) => {
    const { url } = await listing();
    enforcement.configure(config);
    expect(await fieldsOf(() => http.get(url))).toEqual({});
  });

  test('in headers that were given as an array, or that expect 100-continue: those have been written already', async () => {
    const complaints = jest.spyOn(diag, 'warn');
    const { url } = await listing();
    const host = new URL(url).host;
    expect(await fieldsOf(() => http.get(url, { headers: ['host', host] as never }))).toEqual({});
    expect(await fieldsOf(() => http.get(url, { headers: { expect: '100-continue' } }))).toEqual({});
    expect(complaints).not.toHaveBeenCalled();
  });
});

describe('client.ignore', () => {
  test.each<[string, (port: number) => http.RequestOptions, (port: number) => string]>([
    ['the query and the fragment', () => ({ path: '/a/b?token=1#x' }), (port) => `GET http://127.0.0.1:${port}/a/b`],
    ['the credentials', () => ({ auth: 'me:secret', path: '/' }), (port) => `GET http://127.0.0.1:${port}/`],
    ['those of a URL for a proxy', () => ({ path: 'http://me:secret@other/a?b' }), () => 'GET http://other/a'],
    ['those that hold an @', () => ({ path: 'http://me:p@ss@other/a@b' }), () => 'GET http://other/a@b'],
    ['nothing of a path with a colon', () => ({ path: '/a://b@c' }), (port) => `GET http://127.0.0.1:${port}/a://b@c`],
    [
      'the query, from headers in an array',
      (port) => ({ path: '/a?b', headers: ['Host', `name:${port}`] as never }),
      (port) => `GET http://name:${port}/a`,
    ],
  ])('is asked with the target without %s', async (_, options, target) => {
    const asked: string[] = [];
    enforcement.configure({ client: { ignore: (target) => asked.push(target) > 0 } });
    const { port } = await listing();
    await new Outcome(http.get({ host: '127.0.0.1', port, agent: false, ...options(port) })).body();
    expect(asked).toEqual([target(port)]);
  });

  test('leaves an ignored call alone when its time is up', async () => {
    enforcement.configure({ client: { ignore: (target) => target.endsWith('/audit') } });
    const { url } = await listing();
    const scope = new OpenScope(0);
    expect(JSON.parse(await scope.run(() => new Outcome(http.get(`${url}/audit`))).body())).toEqual({});
    const other = scope.run(() => new Outcome(http.get(url)));
    await other.close();
    expect(other.errors).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED' })]);
  });
});

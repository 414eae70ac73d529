import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import { detach } from '../../../../src/context/with-scope.js';
import { connectTimeoutMs } from '../../../../src/wire/formats/connect-timeout-ms.js';
import { timebudget } from '../../../../src/wire/formats/timebudget.js';
import { Enforcement } from '../../../support/enforcement.js';
import { Outcome } from '../calls.js';
import { type Protocol, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement({}, { deadline: { extract: [timebudget, connectTimeoutMs] } });

/** What a caller sends, in which what does not count is mixed with what does. */
const sent = {
  'x-first': '1',
  TimeBudget: '77',
  baggage: 'role=admin',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'Connect-Timeout-Ms': '78',
  'x-last': '2',
};
const names = Object.keys(sent).map((name) => name.toLowerCase());

/** Those of the fields above that stand in a request, as its headers, headersDistinct and rawHeaders have them. */
function fieldsOf(request: IncomingMessage): string[][] {
  const { headers, headersDistinct = headers, rawHeaders } = request;
  const raw = rawHeaders.filter((_, slot) => slot % 2 === 0).map((name) => name.toLowerCase());
  return [Object.keys(headers), Object.keys(headersDistinct), raw].map((list) =>
    list.filter((name) => names.includes(name)),
  );
}

async function call(url: string, protocol: Protocol, headers: Record<string, string>): Promise<void> {
  if (protocol === 'http') return void (await new Outcome(http.get(url, { headers, agent: false })).body());
  const session = http2.connect(url);
  const stream = session.request(headers).resume();
  await new Promise((resolve) => stream.on('close', resolve));
  session.close();
}

const kept = ['x-first', 'traceparent', 'x-last'];

describe.each<Protocol>(['http', 'http2'])('a request of %s that is not trusted', (protocol) => {
  async function served(headers: Record<string, string>): Promise<string[][]> {
    let seen: string[][] = [];
    const { url } = await servers.serve((request, response) => {
      seen = fieldsOf(request);
      response.end();
    }, protocol);
    await call(url, protocol, headers);
    return seen;
  }

  test('keeps no budget, in whatever format, and no baggage', async () => {
    enforcement.configure({ server: { trust: false } });
    expect(await served(sent)).toEqual([kept, kept, kept]);
  });

  test('nor if somebody has looked at them before', async () => {
    let before: string[][] = [];
    const trust = (request: object) => {
      before = fieldsOf(request as IncomingMessage);
      return false;
    };
    enforcement.configure({ server: { trust } });
    expect(await served(sent)).toEqual([kept, kept, kept]);
    expect(before).toEqual([names, names, names]);
  });

  test('is left as it is without them', async () => {
    enforcement.configure({ server: { trust: false } });
    expect(await served({ 'x-first': '1' })).toEqual([['x-first'], ['x-first'], ['x-first']]);
  });

  test('keeps them where it is trusted, or left alone', async () => {
    expect(await served(sent)).toEqual([names, names, names]);
    enforcement.configure({ server: { trust: false, ignore: () => true } });
    expect(await served(sent)).toEqual([names, names, names]);
  });
});

test('a gateway that copies the headers of such a request does not pass them on', async () => {
  enforcement.configure({ server: { trust: ({ headers }) => headers?.['x-first'] === undefined } });
  const received: IncomingHttpHeaders[] = [];
  const backend = await servers.serve((request, response) => {
    received.push(request.headers);
    response.end();
  });
  const gateway = await servers.serve(async (request, response) => {
    const { 'x-first': _, ...headers } = request.headers;
    await new Outcome(http.get(backend.url, { headers })).body();
    await detach(() => new Outcome(http.get(backend.url, { headers })).body());
    response.end();
  });
  await call(gateway.url, 'http', sent);
  expect(received).toHaveLength(2);
  for (const headers of received) {
    expect(headers).toMatchObject({ traceparent: expect.any(String), 'x-last': '2' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/timebudget|baggage|ms$/)]));
  }
});

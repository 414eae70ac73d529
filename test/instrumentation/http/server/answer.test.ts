import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { Enforcement } from '../../../support/enforcement.js';
import { block } from '../../../support/fake-clock.js';
import { run } from '../processes.js';
import { Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly statusMessage?: string | undefined;
}

type Respond = (response: ServerResponse) => unknown;

/** What comes of `respond` when it answers after its time, or in time. */
async function answerOf(respond: Respond, protocol: 'http' | 'http2' = 'http', inTime = false): Promise<Answer> {
  const { url } = await servers.serve((_, response) => {
    if (!inTime) block(60_000);
    respond(response);
  }, protocol);
  const headers = { timebudget: '60000' };
  return protocol === 'http' ? overHttp(url, headers) : overHttp2(url, headers);
}

async function overHttp(url: string, headers: Record<string, string>): Promise<Answer> {
  const [response] = (await once(http.get(url, { headers, agent: false }), 'response')) as [IncomingMessage];
  const { statusCode: status, statusMessage, headers: received } = response;
  return { status, statusMessage, headers: received, body: await text(response) };
}

async function overHttp2(url: string, headers: Record<string, string>): Promise<Answer> {
  const session = http2.connect(url);
  const stream = session.request(headers);
  const [received] = await once(stream, 'response');
  const body = await text(stream);
  session.destroy();
  return { status: received[':status'], headers: received, body };
}

const own = { 'x-own': 'kept' };

function marked(response: ServerResponse): ServerResponse {
  response.statusCode = 500;
  response.setHeader('x-own', 'kept');
  return response;
}

describe.each(['http', 'http2'] as const)('over %s an answer of 500 after the time', (protocol) => {
  test.each<[string, Respond]>([
    ['statusCode', (response) => marked(response).end('oops')],
    [
      'statusCode and flushHeaders',
      (response) => {
        marked(response).flushHeaders();
        response.end('oops');
      },
    ],
    [
      'statusCode and write',
      (response) => {
        marked(response).write('oo');
        response.end('ps');
      },
    ],
    ['setHeader and writeHead', (response) => marked(response).writeHead(500).end('oops')],
    ['writeHead(500, headers)', (response) => response.writeHead(500, own).end('oops')],
    ['writeHead("500", headers)', (response) => response.writeHead('500' as never, own).end('oops')],
    ['writeHead(500, undefined, headers)', (response) => response.writeHead(500, undefined, own).end('oops')],
    ['writeHead(500, [name, value])', (response) => response.writeHead(500, ['x-own', 'kept']).end('oops')],
  ])('by %s becomes 504, with its headers and its body', async (_, respond) => {
    const { status, headers, body } = await answerOf(respond, protocol);
    expect(status).toBe(504);
    expect(headers).toMatchObject({ timebudget: '0', 'x-own': 'kept' });
    expect(body).toBe('oops');
    expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
  });

  test.each<[string, Respond]>([
    [
      'statusCode',
      (response) => {
        response.statusCode = 504;
        response.setHeader('x-own', 'kept');
        response.end('own');
      },
    ],
    ['writeHead', (response) => response.writeHead(504, own).end('own')],
  ])('an answer of 504 by %s says that the time ran out here', async (_, respond) => {
    const { status, headers, body } = await answerOf(respond, protocol);
    expect({ status, body }).toEqual({ status: 504, body: 'own' });
    expect(headers).toMatchObject({ timebudget: '0', 'x-own': 'kept' });
  });

  test('one of 504 in time does not', async () => {
    const { status, headers } = await answerOf((response) => response.writeHead(504).end(), protocol, true);
    expect(status).toBe(504);
    expect(headers.timebudget).toBeUndefined();
  });

  test.each([200, 400, 501, 502, 503])('but %d stays', async (status) => {
    const answer = await answerOf((response) => response.writeHead(status).end('own'), protocol);
    expect(answer).toMatchObject({ status, body: 'own' });
    expect(answer.headers.timebudget).toBeUndefined();
  });

  test('in time stays', async () => {
    const answer = await answerOf((response) => response.writeHead(500, own).end('oops'), protocol, true);
    expect(answer).toMatchObject({ status: 500, headers: own, body: 'oops' });
    expect(answer.headers.timebudget).toBeUndefined();
    expect(enforcement.counts).toEqual({});
  });

  test.each([
    ['server.keepStatus', { server: { keepStatus: true } }],
    ['observe mode', { mode: 'observe' }],
  ] as const)('stays under %s', async (_, config) => {
    enforcement.configure(config);
    const answer = await answerOf((response) => response.writeHead(500, own).end('oops'), protocol);
    expect(answer).toMatchObject({ status: 500, headers: own });
    expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
  });
});

describe('an answer of 500 after the time', () => {
  test.each<[string, Respond]>([
    [
      'statusMessage',
      (response) => {
        response.statusMessage = 'Own Words';
        response.writeHead(500).end();
      },
    ],
    ['writeHead(500, words)', (response) => response.writeHead(500, 'Own Words').end()],
    ['writeHead(500, words, headers)', (response) => response.writeHead(500, 'Own Words', own).end()],
  ])('by %s gets the words of 504', async (_, respond) => {
    expect(await answerOf(respond)).toMatchObject({ status: 504, statusMessage: 'Gateway Timeout' });
  });

  test('keeps its own words when they are of 504', async () => {
    const answer = await answerOf((response) => response.writeHead(504, 'Own Words', own).end());
    expect(answer).toMatchObject({ status: 504, statusMessage: 'Own Words', headers: { ...own, timebudget: '0' } });
  });

  const cookies: [string, string][] = [
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ];
  test.each<[string, Respond]>([
    ['a flat array', (response) => response.writeHead(500, cookies.flat()).end()],
    ['an array of pairs', (response) => response.writeHead(500, cookies as never).end()],
  ])('keeps a header that repeats in %s', async (_, respond) => {
    const { status, headers } = await answerOf(respond);
    expect(status).toBe(504);
    expect(headers).toMatchObject({ timebudget: '0', 'set-cookie': ['a=1', 'b=2'] });
  });

  test('is refused as ever when the headers have gone', async () => {
    let thrown: unknown;
    const { status, body } = await answerOf((response) => {
      response.write('sent');
      try {
        response.writeHead(500);
      } catch (error) {
        thrown = error;
      }
      response.end();
    });
    expect(thrown).toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT', message: expect.stringContaining('write headers') });
    expect({ status, body }).toEqual({ status: 200, body: 'sent' });
  });

  test('over HTTP/2 makes Node warn of nothing', async () => {
    // In a process of its own: Node warns of a reason phrase once in a process.
    const { report, stderr } = await run('h2-answer.cjs', [], {});
    expect({ status: report, stderr }).toEqual({ status: 504, stderr: '' });
  });
});

test('nothing is written into the response of a handler whose time is up', async () => {
  const answer = await answerOf((response) => response.end('late, but here'));
  expect(answer).toMatchObject({ status: 200, body: 'late, but here' });
  expect(answer.headers.timebudget).toBeUndefined();
});

import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { diag } from '@opentelemetry/api';
import { abortSignal, remainingTime } from '../../../../src/context/context-deadline.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { Handlings } from '../handlings.js';
import { type Protocol, RawClient, Servers } from '../servers.js';

// The option `server.answer`: a request is answered at its deadline, while its handler is still at work.

const servers = new Servers();
const enforcement = new Enforcement({ server: { answer: true } });

const PROTOCOLS: readonly Protocol[] = ['http', 'https', 'http2'];

interface Answer {
  readonly status: unknown;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** Sends a request with a budget of 100 ms, and resolves with the answer. */
async function ask(url: string, protocol: Protocol = 'http', own: object = {}): Promise<Answer> {
  const headers = { timebudget: '100', ...own };
  if (protocol === 'http2') return askHttp2(url, headers);
  const get = protocol === 'https' ? https.get : http.get;
  const options = { headers, agent: false, rejectUnauthorized: false } as const;
  const [response] = (await once(get(url, options), 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

async function askHttp2(url: string, headers: Record<string, string>): Promise<Answer> {
  const session = http2.connect(url);
  try {
    const stream = session.request(headers);
    const [received] = await once(stream, 'response');
    return { status: received[':status'], headers: received, body: await text(stream) };
  } finally {
    session.destroy();
  }
}

/** A request whose time has run out in its handler, with its answer. */
async function answered(protocol: Protocol, app: RequestListener = () => {}, own: object = {}) {
  const handlings = new Handlings(app);
  const { url } = await servers.serve(handlings.handler, protocol);
  const asked = ask(url, protocol, own);
  const handling = await handlings.arrived();
  advance(100);
  return { ...handling, answer: await asked };
}

const EXCEEDED = { status: 504, headers: { timebudget: '0' }, body: 'deadline exceeded\n' };

type Write = (response: ServerResponse) => unknown;

/** What a handler may do after its time. Each resolves when its callbacks have been called. */
const LATE_WRITES: readonly [string, Write][] = [
  ['write', (response) => expect(response.write('late')).toBe(true)],
  ['write, with a callback', (response) => new Promise((resolve) => response.write('late', resolve))],
  ['end', (response) => expect(response.end('late')).toBe(response)],
  ['end, with a callback', (response) => new Promise<void>((resolve) => response.end('late', resolve))],
  ['setHeader', (response) => response.setHeader('x-late', '1')],
  ['appendHeader', (response) => response.appendHeader('x-late', '1')],
  ['removeHeader', (response) => response.removeHeader('x-late')],
  ['statusCode', (response) => Object.assign(response, { statusCode: 200 })],
  ['writeHead', (response) => response.writeHead(200, { 'x-late': '1' }).end('late')],
  ['writeHead twice', (response) => void response.writeHead(200).writeHead(500)],
  ['flushHeaders', (response) => response.flushHeaders()],
  ['addTrailers', (response) => response.addTrailers({ 'x-late': '1' })],
  ['writeContinue', (response) => response.writeContinue()],
  ['destroy', (response) => response.destroy()],
  ['destroy with an error', (response) => response.destroy(new Error('late'))],
  ['pipe', (response) => new Promise((resolve) => Readable.from(['a', 'b']).on('end', resolve).pipe(response))],
  // As for a caller that has hung up.
  ['pipeline', (response) => pipeline(Readable.from(['a']), response).catch(() => {})],
];

const nextTurn = () => new Promise(setImmediate);

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('a request is answered at its deadline', async () => {
    const { answer } = await answered(protocol);
    expect(answer).toMatchObject(EXCEEDED);
    await within(2_000, 'the end', () => enforcement.events.length > 0);
    expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
  });

  test.each(LATE_WRITES)('its handler then calls %s: nothing happens', async (_, write) => {
    const { response, answer } = await answered(protocol);
    const errors: unknown[] = [];
    response.on('error', (error) => errors.push(error));
    await write(response);
    await nextTurn();
    expect({ answer, errors }).toMatchObject({ answer: EXCEEDED, errors: [] });
  });

  test.each(LATE_WRITES)('its handler calls %s in the same turn: nothing happens', async (_, write) => {
    const errors: unknown[] = [];
    let written: unknown;
    const { answer } = await answered(protocol, (_request, response) => {
      response.on('error', (error) => errors.push(error));
      // This listener runs right after the answer.
      abortSignal()?.addEventListener('abort', () => {
        written = write(response);
      });
    });
    await written;
    await nextTurn();
    expect({ answer, errors }).toMatchObject({ answer: EXCEEDED, errors: [] });
  });

  test('a middleware that has kept the methods themselves writes late: nothing happens', async () => {
    let methods: [string, (...args: unknown[]) => unknown][] = [];
    const { response, answer } = await answered(protocol, (_, { setHeader, writeHead, write, end, flushHeaders }) => {
      methods = Object.entries({ setHeader, writeHead, write, end, flushHeaders }) as never;
    });
    const args: Record<string, unknown[]> = { setHeader: ['x-late', '1'], writeHead: [200], flushHeaders: [] };
    for (const [name, method] of methods) method.apply(response, args[name] ?? ['late']);
    await nextTurn();
    expect(answer).toMatchObject(EXCEEDED);
  });

  test('to its handler the response looks like one whose caller has gone, until the handler ends it', async () => {
    const { response } = await answered(protocol);
    await within(2_000, 'the close', () => enforcement.events.length > 0);
    const look = () => [response.headersSent, response.writableEnded, response.statusCode];
    const looks = [look()];
    response.statusCode = 200;
    response.write('late');
    looks.push(look());
    response.end();
    looks.push(look());
    expect(looks).toEqual([
      [false, false, 504],
      [false, false, 504],
      [false, true, 504],
    ]);
  });

  test('listeners for its end see what was sent, once', async () => {
    const seen: unknown[] = [];
    const { response } = await answered(protocol, (_, response) => {
      for (const event of ['finish', 'close']) {
        response.on(event, () => seen.push([event, response.headersSent, response.writableEnded, response.statusCode]));
      }
    });
    await within(2_000, 'the close', () => seen.length === 2);
    response.end('late');
    await nextTurn();
    expect(seen).toEqual([
      ['finish', true, true, 504],
      ['close', true, true, 504],
    ]);
  });

  test('the fields of the handler are dropped, those for browsers stay', async () => {
    const { answer } = await answered(protocol, (_, response) => {
      response.statusCode = 201;
      for (const [name, value] of Object.entries({
        'set-cookie': 'session=secret',
        'content-encoding': 'gzip',
        'content-length': '5',
        'cache-control': 'max-age=60',
        etag: '"1"',
        'x-own': 'dropped',
        'access-control-allow-origin': 'https://app.example',
        'access-control-allow-credentials': 'true',
        vary: 'origin',
      })) {
        response.setHeader(name, value);
      }
    });
    expect(answer).toMatchObject(EXCEEDED);
    const { headers } = answer;
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      vary: 'origin',
      'content-length': '18',
    });
    for (const name of ['set-cookie', 'content-encoding', 'cache-control', 'etag', 'x-own']) {
      expect(headers).not.toHaveProperty([name]);
    }
  });

  test('what others have wrapped around writeHead is told the status, and can add nothing', async () => {
    const statuses: unknown[] = [];
    const { answer } = await answered(protocol, (_, response) => {
      const { writeHead } = response;
      response.writeHead = function wrapped(this: ServerResponse, status: number) {
        statuses.push(status);
        this.setHeader('set-cookie', 'session=secret');
        return writeHead.call(this, status, { 'x-own': '1' } as never);
      } as never;
    });
    expect(statuses).toEqual([504]);
    expect(answer).toMatchObject(EXCEEDED);
    expect(answer.headers).not.toHaveProperty(['set-cookie']);
    expect(answer.headers).not.toHaveProperty(['x-own']);
  });

  const fail = () => {
    throw new Error('a fault');
  };

  test.each([
    ['throws', fail],
    ['does not go on', () => undefined],
  ])('a wrapper of writeHead that %s loses no answer', async (_, wrapper) => {
    const { answer } = await answered(protocol, (_, response) => {
      response.writeHead = wrapper as never;
    });
    expect(answer).toMatchObject(EXCEEDED);
  });

  test('wrapped write and end of a middleware do not see the answer', async () => {
    const seen: unknown[] = [];
    const { answer } = await answered(protocol, (_, response) => {
      response.write = ((chunk: unknown) => seen.push(chunk)) as never;
      response.end = ((chunk: unknown) => seen.push(chunk)) as never;
    });
    expect({ answer, seen }).toMatchObject({ answer: EXCEEDED, seen: [] });
  });

  test('a head that is out is left alone', async () => {
    const handlings = new Handlings((_, response) => void response.writeHead(200).write('half'));
    const { url } = await servers.serve(handlings.handler, protocol);
    const asked = ask(url, protocol);
    const { response } = await handlings.arrived();
    advance(100);
    response.end(', whole');
    expect(await asked).toMatchObject({ status: 200, body: 'half, whole' });
  });

  test('the scope goes on: calls are refused until the handler has ended the response', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler, protocol);
    const asked = ask(url, protocol);
    const { context, response, signal } = await handlings.arrived();
    advance(100);
    await asked;
    expect(signal?.aborted).toBe(true);
    await within(2_000, 'the close', () => enforcement.counts['server exceeded'] === 1);
    expect(remainingTime(context)).toBe(0);
    response.end('late');
    expect(remainingTime(context)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('on a kept connection', () => {
  const head = ['GET /late HTTP/1.1', 'timebudget: 100'];

  test.each(LATE_WRITES)(
    'the handler calls %s while the next request is served: its answer is whole',
    async (_, write) => {
      const handlings = new Handlings();
      const client = new RawClient((await servers.serve(handlings.handler)).port);
      client.send(head);
      const late = await handlings.arrived();
      advance(100);
      await client.received(/deadline exceeded\n/);
      client.send(['GET /next HTTP/1.1']);
      const next = await handlings.arrived(1);
      next.response.write('be');
      await write(late.response);
      next.response.end('gin');
      const received = await client.received(/\r\n0\r\n\r\n/);
      expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 504', 'HTTP/1.1 200']);
      expect(received).not.toContain('late');
      expect(client.closed).toBe(false);
    },
  );

  test('a pipelined request is answered in its turn', async () => {
    const handlings = new Handlings();
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(['GET /first HTTP/1.1']).send(head);
    const [first, second] = [await handlings.arrived(), await handlings.arrived(1)];
    advance(100);
    second.response.end('late');
    first.response.end('first');
    const received = await client.received(/deadline exceeded\n/);
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 504']);
  });

  test('an upload that goes on is read for 5 s, and its connection closed then', async () => {
    const handlings = new Handlings();
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(['POST / HTTP/1.1', 'timebudget: 100', 'content-length: 10'], '12345');
    await handlings.arrived();
    advance(100);
    await client.received(/504 .*deadline exceeded\n/s);
    advance(4_900);
    await nextTurn();
    expect(client.closed).toBe(false);
    advance(200);
    await client.end();
  });

  test('an upload that ends leaves its connection to the next request', async () => {
    const handlings = new Handlings();
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(['POST / HTTP/1.1', 'timebudget: 100', 'content-length: 10'], '12345');
    await handlings.arrived();
    advance(100);
    await client.received(/504 .*deadline exceeded\n/s);
    client.socket.write('67890');
    client.send(['GET /next HTTP/1.1']);
    (await handlings.arrived(1)).response.end('next');
    const received = await client.received(/next/);
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 504', 'HTTP/1.1 200']);
  });

  test('an answer to HEAD has no body', async () => {
    const handlings = new Handlings();
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    client.send(['HEAD / HTTP/1.1', 'timebudget: 100']);
    await handlings.arrived();
    advance(100);
    await client.received(/504 .*content-length: 18.*\r\n\r\n$/s);
  });

  test.each([
    ['may not come any more', false],
    ['was asked for', true],
  ])('where the body %s, the connection is closed', async (_, isAskedFor) => {
    const { server, port } = await servers.serve(() => {});
    let asked = false;
    server.on('checkContinue', (_request, response) => {
      if (isAskedFor) response.writeContinue();
      asked = true;
    });
    const client = new RawClient(port);
    client.send(['POST / HTTP/1.1', 'timebudget: 100', 'content-length: 10', 'expect: 100-continue']);
    await within(2_000, 'the request', () => asked);
    advance(100);
    await client.end();
    expect(client.text).toMatch(/^HTTP\/1\.1 (100 Continue\r\n\r\nHTTP\/1\.1 )?504 /);
    expect(client.text).toMatch(/connection: close/i);
  });
});

describe('HTTP/2', () => {
  test.each<[string, Record<string, string>, object]>([
    ['gRPC', { 'content-type': 'application/grpc' }, { status: 200, headers: { 'grpc-status': '4' }, body: '' }],
    [
      'a stream of Connect',
      { 'content-type': 'application/connect+json' },
      { status: 200, body: expect.stringMatching(/"code":"deadline_exceeded"/) },
    ],
    [
      'a unary call of Connect',
      { 'content-type': 'application/json', 'connect-protocol-version': '1' },
      { status: 504, headers: { timebudget: '0' }, body: expect.stringMatching(/"code":"deadline_exceeded"/) },
    ],
  ])('%s is answered in its protocol', async (_, headers, expected) => {
    const { answer } = await answered('http2', () => {}, { ':method': 'POST', ...headers });
    expect(answer).toMatchObject(expected);
  });

  test('an upload that goes on is told to stop, without an error', async () => {
    const handlings = new Handlings((request) => void request.resume());
    const { url } = await servers.serve(handlings.handler, 'http2');
    const session = http2.connect(url);
    const stream = session.request({ ':method': 'POST', timebudget: '100' });
    stream.write('half');
    await handlings.arrived();
    advance(100);
    const [received] = await once(stream, 'response');
    expect(received[':status']).toBe(504);
    expect(await text(stream)).toBe('deadline exceeded\n');
    await within(2_000, 'the close', () => stream.closed);
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR);
    session.destroy();
  });
});

describe('whose requests are answered', () => {
  test.each([
    [{ answer: (request: object) => 'url' in request && request.url === '/yes' }, '/yes', 504],
    [{ answer: (request: object) => 'url' in request && request.url === '/yes' }, '/no', 200],
    [{ answer: false }, '/yes', 200],
    [{}, '/yes', 200],
  ])('%s: %s gets %d', async (server, path, status) => {
    enforcement.configure({ server });
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const asked = ask(url + path);
    const { response } = await handlings.arrived();
    advance(100);
    response.end('late');
    expect(await asked).toMatchObject({ status });
  });

  test('in observe mode none', async () => {
    enforcement.configure({ mode: 'observe', server: { answer: true } });
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const asked = ask(url);
    const { response } = await handlings.arrived();
    advance(100);
    response.end('late');
    expect(await asked).toMatchObject({ status: 200, body: 'late' });
  });

  test('with keepStatus as well: an answer of 500 after the time is left as it is', async () => {
    enforcement.configure({ server: { answer: true, keepStatus: true } });
    const { answer } = await answered('http');
    expect(answer).toMatchObject(EXCEEDED);
  });

  test('without a deadline none, and no alarm is set', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler);
    const asked = ask(url, 'http', { timebudget: 'none' });
    const { response } = await handlings.arrived();
    advance(100_000);
    response.end('done');
    expect(await asked).toMatchObject({ status: 200 });
  });

  test('those with a default budget too', async () => {
    enforcement.configure({ server: { answer: true, trust: false, defaultBudget: 100 } });
    const { answer } = await answered('http', () => {}, { timebudget: '60000' });
    expect(answer).toMatchObject(EXCEEDED);
  });
});

test('disabled meanwhile: a request that was answered still swallows what is written', async () => {
  const handlings = new Handlings();
  const { url } = await servers.serve(handlings.handler);
  const asked = ask(url);
  const { response } = await handlings.arrived();
  advance(100);
  enforcement.instrumentation.disable();
  const errors: unknown[] = [];
  response.on('error', (error) => errors.push(error));
  response.setHeader('x-late', '1');
  response.end('late');
  await nextTurn();
  expect({ answer: await asked, errors }).toMatchObject({ answer: EXCEEDED, errors: [] });
});

test('a source that was piped into the response is read to its end', async () => {
  let ended = false;
  const source = new Readable({ read() {} });
  source.on('end', () => {
    ended = true;
  });
  const { answer, response } = await answered('http', (_, response) => void source.pipe(response));
  expect(answer).toMatchObject(EXCEEDED);
  await within(2_000, 'the close', () => response.destroyed);
  for (const chunk of ['a', 'b', null]) source.push(chunk);
  await within(2_000, 'the end of the source', () => ended);
});

let answering: ServerResponse;

test.each<[string, () => unknown, number]>([
  ['that a pipeline has ended early: it is not logged', () => pipeline(new Readable({ read() {} }), answering), 0],
  ['of its own: it is logged', () => Promise.reject(new Error('a fault')), 1],
])('a handler that is rejected late with an error %s', async (_, fail, times) => {
  const errors = jest.spyOn(diag, 'error').mockReturnValue();
  let settled = false;
  await answered('http', (async (_: unknown, response: ServerResponse) => {
    answering = response;
    await new Promise<void>((resolve) => abortSignal()?.addEventListener('abort', () => resolve()));
    if (times > 0) await new Promise((resolve) => response.on('close', resolve));
    await Promise.resolve(fail()).finally(() => {
      settled = true;
    });
  }) as never);
  await within(2_000, 'the handler', () => settled);
  await nextTurn();
  expect(errors).toHaveBeenCalledTimes(times);
});

test('a pipeline with the signal of the request closes its source, and not the answer', async () => {
  const source = new Readable({ read() {} });
  let failure: unknown;
  const { answer } = await answered('http', (_, response) => {
    const signal = abortSignal() as AbortSignal;
    pipeline(source, response, { signal }).catch((error) => {
      failure = error;
    });
  });
  expect(answer).toMatchObject(EXCEEDED);
  await within(2_000, 'the pipeline to fail', () => failure !== undefined);
  expect(source.destroyed).toBe(true);
});

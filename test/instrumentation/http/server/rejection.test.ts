import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { remainingTime } from '../../../../src/context/context-deadline.js';
import { Enforcement } from '../../../support/enforcement.js';
import { within } from '../../../support/waiting.js';
import { Handlings } from '../handlings.js';
import { RawClient, Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();
const late = 'timebudget: 0';

describe('a request whose budget is spent', () => {
  test.each([['0'], ['-5'], ['0, 5000'], ['0.4']])(
    '(timebudget: %s) is answered with 504 and does not reach the handler',
    async (timebudget) => {
      const handlings = new Handlings();
      const client = new RawClient((await servers.serve(handlings.handler)).port);
      const answer = await client.send(['GET / HTTP/1.1', `timebudget: ${timebudget}`]).received(/exceeded/);
      expect(answer).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/);
      expect(answer).toMatch(/\r\ntimebudget: 0\r\n/);
      expect(answer).toMatch(/\r\ncontent-type: text\/plain; charset=utf-8\r\n/);
      expect(answer).toMatch(/\r\n\r\n.*deadline exceeded\n/s);
      expect(handlings.all).toEqual([]);
      expect(enforcement.counts).toEqual({ 'server rejected': 1 });
    },
  );

  test('leaves the connection to the next one', async () => {
    const handlings = new Handlings((_, response) => void response.end('served'));
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    const answer = await client.send(['GET / HTTP/1.1', late]).received(/exceeded/);
    expect(answer).toMatch(/\r\nconnection: keep-alive\r\n/i);
    client.send(['GET / HTTP/1.1']);
    await client.received(/served/);
  });

  test.each([
    ['GET / HTTP/1.1', 'GET', 'keep-alive'],
    ['POST / HTTP/1.1\r\ncontent-length: 0', 'POST without a body', 'keep-alive'],
    ['POST / HTTP/1.1\r\ncontent-length: 10', 'POST', 'close'],
    ['PUT / HTTP/1.1\r\ntransfer-encoding: chunked', 'PUT in chunks', 'close'],
  ])('%j gets connection: %s', async (head, _, connection) => {
    const client = new RawClient((await servers.serve(() => {})).port);
    const answer = await client.send([head, late]).received(/exceeded/);
    expect(answer.toLowerCase()).toContain(`\r\nconnection: ${connection}\r\n`);
    if (connection === 'close') await client.end();
  });

  test('is not read to the end of its upload', async () => {
    const { port, connections } = await servers.serve(() => {});
    const client = new RawClient(port);
    client.socket.on('drain', send);
    function send(): void {
      while (!client.socket.destroyed && client.socket.write('x'.repeat(1 << 20)));
    }
    client.send(['POST / HTTP/1.1', `content-length: ${1 << 30}`, late]);
    send();
    await client.end();
    expect(connections[0]?.bytesRead).toBeLessThan(1 << 24);
  });

  test('gets no body if it is a HEAD', async () => {
    const client = new RawClient((await servers.serve(() => {})).port);
    const answer = await client.send(['HEAD / HTTP/1.1', late]).received(/\r\n\r\n/);
    expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  test('is answered over https', async () => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler, 'https');
    const request = https.get(url, { rejectUnauthorized: false, agent: false, headers: { timebudget: '0' } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response).toMatchObject({ statusCode: 504, headers: { timebudget: '0' } });
    expect(await text(response)).toBe('deadline exceeded\n');
    expect(handlings.all).toEqual([]);
  });

  test.each([
    ['without a body', 'GET', true],
    ['with an upload that goes on', 'POST', false],
  ])('is answered over HTTP/2, %s', async (_, method, endStream) => {
    const handlings = new Handlings();
    const { url } = await servers.serve(handlings.handler, 'http2');
    const session = http2.connect(url);
    const stream = session.request({ ':method': method, timebudget: '0' }, { endStream });
    const closed = once(stream, 'close');
    const [headers] = await once(stream, 'response');
    expect(headers).toMatchObject({ ':status': 504, timebudget: '0' });
    expect(await text(stream)).toBe('deadline exceeded\n');
    await closed;
    expect(handlings.all).toEqual([]);
    expect(enforcement.counts).toEqual({ 'server rejected': 1 });
    session.destroy();
  });

  test('reaches no listener of the server at all', async () => {
    const handlings = new Handlings();
    const { server, port } = await servers.serve(handlings.handler);
    server.prependListener('request', handlings.handler);
    await new RawClient(port).send(['GET / HTTP/1.1', late]).received(/504/);
    expect(handlings.all).toEqual([]);
  });
});

describe('a request that expects 100-continue', () => {
  const head = (budget: string) => ['POST / HTTP/1.1', 'expect: 100-continue', 'content-length: 4', budget];

  test.each([
    ["by a server that listens for 'checkContinue'", 'checkContinue'],
    ['by any other server', undefined],
  ])('is rejected before its body is asked for, %s', async (_, event) => {
    const handlings = new Handlings();
    const { server, port } = await servers.serve(handlings.handler);
    if (event !== undefined) server.on(event, handlings.handler);
    const client = new RawClient(port);
    await client.send(head(late)).received(/504/);
    // Where nobody checks, Node has asked for the body before anybody is told of the request.
    if (event !== undefined) expect(client.text).not.toContain('100 Continue');
    expect(handlings.all).toEqual([]);
    expect(enforcement.counts).toEqual({ 'server rejected': 1 });
    await client.end();
  });

  test('is served once by an application that hands it on', async () => {
    const handlings = new Handlings((_, response) => void response.end('served'));
    const checked: number[] = [];
    const { server, port } = await servers.serve(handlings.handler);
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      checked.push(remainingTime());
      response.writeContinue();
      server.emit('request', request, response);
    });
    const client = new RawClient(port).send(head('timebudget: 60000'), 'body');
    await client.received(/100 Continue.*served/s);
    const { context } = await handlings.arrived();
    expect(checked).toEqual([expect.any(Number)]);
    expect(checked[0]).toBeLessThanOrEqual(60_000);
    await within(2_000, 'the scope to complete', () => remainingTime(context) === Number.POSITIVE_INFINITY);
    expect(handlings.all).toHaveLength(1);
    expect(enforcement.counts).toEqual({});
  });

  test('and is handed on is bound to its connection once', async () => {
    const handlings = new Handlings();
    const { server, port } = await servers.serve(handlings.handler);
    server.on('checkContinue', (request, response) => server.emit('request', request, response));
    const client = new RawClient(port).send(head('timebudget: 60000'), 'body');
    const { signal } = await handlings.arrived();
    client.socket.destroy();
    await within(2_000, 'the signal to abort', () => signal?.aborted === true);
    expect(enforcement.counts).toEqual({ 'server cancelled': 1 });
  });

  test("is rejected under 'checkExpectation' as well", async () => {
    const handlings = new Handlings();
    const { server, port } = await servers.serve(handlings.handler);
    server.on('checkExpectation', handlings.handler);
    const client = new RawClient(port).send(['GET / HTTP/1.1', 'expect: a miracle', late]);
    await client.received(/504/);
    expect(handlings.all).toEqual([]);
  });
});

test('a client of node:http reads the rejection of its upload', async () => {
  const { url } = await servers.serve(() => {});
  const request = http.request(url, { method: 'POST', headers: { timebudget: '0', 'content-length': '4' } });
  request.end('body');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(504);
  expect(await text(response)).toBe('deadline exceeded\n');
});

describe('Expect: 100-continue', () => {
  const upload = ['POST / HTTP/1.1', 'content-length: 4', 'expect: 100-continue'];

  test('a request whose budget is spent is answered 504 at once, and is not asked for its body', async () => {
    const client = new RawClient((await servers.serve(() => {})).port);
    const answer = await client.send([...upload, late]).received(/exceeded/);
    expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    expect(answer).not.toContain('100 Continue');
  });

  test('a request with time left is asked for its body, and has its budget', async () => {
    const handlings = new Handlings((request, response) => void request.resume().on('end', () => response.end('done')));
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    await client.send([...upload, 'timebudget: 60000', 'connection: close']).received(/^HTTP\/1\.1 100 Continue\r\n/);
    client.socket.write('body');
    await client.received(/done/);
    const { context } = await handlings.arrived();
    await within(2_000, 'the scope to complete', () => remainingTime(context) === Number.POSITIVE_INFINITY);
  });

  test('an HTTP/2 request whose budget is spent is not asked for its body', async () => {
    const { url } = await servers.serve(() => {}, 'http2');
    const session = http2.connect(url);
    const request = session.request({ ':method': 'POST', expect: '100-continue', timebudget: '0' });
    const asked = jest.fn();
    request.on('continue', asked);
    const [headers] = (await once(request, 'response')) as [http2.IncomingHttpHeaders];
    expect(headers[':status']).toBe(504);
    expect(asked).not.toHaveBeenCalled();
    session.destroy();
  });
});

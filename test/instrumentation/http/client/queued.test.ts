import http, { type ClientRequest, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { connectTimeoutMs } from '../../../../src/wire/formats/connect-timeout-ms.js';
import { timebudget } from '../../../../src/wire/formats/timebudget.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { OpenScope, Outcome } from '../calls.js';
import { Servers } from '../servers.js';

const servers = new Servers();
new Enforcement({ server: { http: false } }, { deadline: { inject: [timebudget, connectTimeoutMs] } });

const long = 'x'.repeat(1 << 17);

/** A call that waits for the only socket of its agent, 120.5 ms of its 500. */
async function queuedCall(start: (url: string, agent: http.Agent) => ClientRequest): Promise<Outcome> {
  let first: ServerResponse | undefined;
  const { url } = await servers.serve(async (request, response) => {
    if (request.url === '/first') first = response;
    else {
      const { timebudget: budget, 'connect-timeout-ms': timeout } = request.headersDistinct;
      response.end(JSON.stringify({ budget, timeout, body: await text(request) }));
    }
  });
  const agent = new http.Agent({ maxSockets: 1 });
  const running = new Outcome(http.get(`${url}/first`, { agent }));
  const queued = new OpenScope(500).run(() => new Outcome(start(`${url}/queued`, agent)));
  await within(2_000, 'the first request', () => first !== undefined);
  advance(120.5);
  first?.end();
  await running.body();
  return queued;
}

describe('a call that has waited for a socket is told what is left', () => {
  test.each<[string, string, (request: ClientRequest) => unknown]>([
    ['without a body', '', (request) => request.end()],
    ['whose body is a string', 'the body', (request) => request.end('the body')],
    ['whose body is not ASCII', '\u{1f550} ü', (request) => request.end('\u{1f550} ü')],
    ['whose body is a Buffer', 'the body', (request) => request.end(Buffer.from('the body'))],
    ['whose body is long', long, (request) => request.end(long)],
    ['whose body comes in parts', 'the body', (request) => request.write('the ') && request.end('body')],
    ['whose head has been flushed', 'later', (request) => [request.flushHeaders(), request.end('later')]],
    ['whose body comes later', 'later', (request) => request.on('socket', () => request.end('later'))],
  ])('%s', async (_, body, send) => {
    const queued = await queuedCall((url, agent) => {
      const request = http.request(url, { agent, method: 'POST' });
      send(request);
      return request;
    });
    expect(JSON.parse(await queued.body())).toEqual({ budget: ['379'], timeout: ['379'], body });
    expect(queued.request.writableLength).toBe(0);
  });

  test('unless its headers were given as an array, which nobody has added to', async () => {
    const queued = await queuedCall((url, agent) => {
      const headers = ['host', new URL(url).host, 'timebudget', '77'];
      return http.request(url, { agent, headers: headers as never }).end();
    });
    expect(JSON.parse(await queued.body())).toEqual({ budget: ['77'], body: '' });
  });
});

import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { throwIfExceeded } from '../../../../src/context/context-deadline.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { Handlings } from '../handlings.js';
import { RawClient, Servers } from '../servers.js';

// A request is answered in place of its handler, which failed because the time was up. Some of its callbacks may still
// write. Node would end the process for that.

const servers = new Servers();
new Enforcement();

const laterWrites: [string, (response: ServerResponse) => unknown][] = [
  ['write', (response) => response.write('late')],
  ['write, with a callback', (response) => new Promise((resolve) => response.write('late', resolve))],
  ['end', (response) => response.end('late')],
  ['end, with a callback', (response) => new Promise<void>((resolve) => response.end('late', resolve))],
  ['setHeader', (response) => response.setHeader('x-late', '1')],
  ['appendHeader', (response) => response.appendHeader('x-late', '1')],
  ['removeHeader', (response) => response.removeHeader('x-late')],
  ['writeHead', (response) => response.writeHead(200, { 'x-late': '1' }).end('late')],
  ['flushHeaders', (response) => response.flushHeaders()],
  ['pipe', (response) => new Promise((resolve) => Readable.from(['a', 'b']).on('end', resolve).pipe(response))],
];

describe.each([
  ['alone on its connection', false],
  ['pipelined behind another one', true],
])('a request that was answered in place of its handler, %s', (_, pipelined) => {
  test.each(laterWrites)('its handler calls %s: nothing happens', async (_, write) => {
    let first: ServerResponse | undefined;
    const app: RequestListener = (request, response) => {
      if (request.url === '/first') {
        first = response;
        return;
      }
      advance(100);
      throwIfExceeded();
    };
    const handlings = new Handlings(app);
    const client = new RawClient((await servers.serve(handlings.handler)).port);
    if (pipelined) client.send(['GET /first HTTP/1.1']);
    client.send(['GET /second HTTP/1.1', 'timebudget: 100']);
    const { response } = await handlings.arrived(pipelined ? 1 : 0);
    await within(2_000, 'the answer in place of the handler', () => response.writableEnded);
    const errors: unknown[] = [];
    response.on('error', (error) => errors.push(error));
    await write(response);
    await new Promise(setImmediate);
    expect(errors).toEqual([]);
    first?.end('first');
    const text = await client.received(/deadline exceeded\n/);
    expect(text).not.toMatch(/late/);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(pipelined ? ['HTTP/1.1 200', 'HTTP/1.1 504'] : ['HTTP/1.1 504']);
    // The connection serves the next request.
    client.send(['GET /first HTTP/1.1']);
    await handlings.arrived(pipelined ? 2 : 1);
    first?.end('next');
    await client.received(/next/);
  });
});

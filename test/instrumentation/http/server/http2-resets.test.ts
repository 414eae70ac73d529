import http2 from 'node:http2';
import { remainingTime } from '../../../../src/context/context-deadline.js';
import { isCallCancelled } from '../../../../src/errors.js';
import { pendingAlarms } from '../../../../src/time/alarms.js';
import { Enforcement } from '../../../support/enforcement.js';
import { within } from '../../../support/waiting.js';
import { Handlings } from '../handlings.js';
import { Servers } from '../servers.js';

const servers = new Servers();
const enforcement = new Enforcement();

const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants;

describe.each([
  ['NO_ERROR', NGHTTP2_NO_ERROR],
  ['CANCEL', NGHTTP2_CANCEL],
  ['INTERNAL_ERROR', NGHTTP2_INTERNAL_ERROR],
])('a stream that its client resets with %s', (_, code) => {
  test.each<[string, (response: http2.Http2ServerResponse) => void]>([
    ['waits', () => {}],
    ['has written a part', (response) => void response.write('a part')],
    [
      'keeps writing',
      (response) => {
        const { stream } = response;
        setImmediate(function write() {
          if (stream.destroyed || stream.aborted) return;
          response.write('x'.repeat(1000));
          setImmediate(write);
        });
      },
    ],
  ])('is cancelled while its handler %s', async (_, handler) => {
    const handlings = new Handlings((_, response) => handler(response as unknown as http2.Http2ServerResponse));
    const { url } = await servers.serve(handlings.handler, 'http2');
    const session = http2.connect(url);
    const request = session.request({ timebudget: '60000' }).resume();
    request.on('error', () => {});
    const { context, signal } = await handlings.arrived();
    expect(remainingTime(context)).toBeGreaterThan(0);
    request.close(code);
    await within(2_000, 'the signal to abort', () => signal?.aborted === true);
    expect(isCallCancelled(signal?.reason)).toBe(true);
    expect(remainingTime(context)).toBe(0);
    expect(pendingAlarms()).toBe(0);
    expect(enforcement.counts).toEqual({ 'server cancelled': 1 });
    session.destroy();
  });
});

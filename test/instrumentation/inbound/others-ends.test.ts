import { once } from 'node:events';
import http from 'node:http';
import { type DiagLogger, diag } from '@opentelemetry/api';
import type { EndReason } from '../../../src/errors.js';
import { Enforcement } from '../../support/enforcement.js';
import { within } from '../../support/waiting.js';
import { RawClient, Servers } from '../http/servers.js';

const servers = new Servers();
const enforcement = new Enforcement();
const get = ['GET / HTTP/1.1', 'connection: close'];

const warn = jest.fn();
beforeEach(() => {
  const ignored = () => {};
  const logger: DiagLogger = { error: ignored, warn, info: ignored, debug: ignored, verbose: ignored };
  diag.setLogger(logger, { suppressOverrideMessage: true });
  warn.mockClear();
});
afterEach(() => diag.disable());

/** Requests that wait for one call to `path`; the first hangs up. Returns what the others read of its error. */
async function share(path: string, others: number): Promise<number[]> {
  const silent = await servers.serve(() => {});
  const called = once(silent.server, 'request');
  const statuses: number[] = [];
  let call: Promise<unknown> | undefined;
  let waiting = 0;
  const { port } = await servers.serve(async (_, response) => {
    call ??= once(http.get(silent.url + path, { agent: false }), 'response');
    waiting++;
    try {
      await call;
    } catch (error) {
      const { status, statusCode } = error as EndReason;
      statuses.push(status, statusCode);
      response.writeHead(status).end();
    }
  });
  const first = new RawClient(port).send(get);
  await called;
  const rest = Array.from({ length: others }, () => new RawClient(port).send(get));
  await within(2_000, 'all to wait', () => waiting === 1 + others);
  first.socket.destroy();
  await Promise.all(rest.map((client) => client.end()));
  return statuses;
}

const foreign = () => enforcement.events.filter(({ type }) => type === 'foreign').length;

test('each request that fails with the end of another counts once, however often its status is read', async () => {
  expect((await share('/counted', 2)).sort()).toEqual([499, 499, 500, 500, 500, 500]);
  expect(foreign()).toBe(2);
});

test('one that fails by its own end does not count', async () => {
  await share('/alone', 0);
  expect(foreign()).toBe(0);
});

test('the log names each call once, without its query, and at most 100 of them', async () => {
  const warned = () => warn.mock.calls.map(([text]) => text).filter((text) => text.includes('/page/'));
  await share('/page/0?secret=1', 2);
  expect(warned()).toEqual([expect.stringMatching(/GET http:\S+\/page\/0 that/)]);
  expect(warned()[0]).toMatch(/shared\(\).*detach\(\).*client\.shared/);
  for (let page = 1; page <= 100; page++) await share(`/page/${page}`, 1);
  expect(warned().length).toBeLessThanOrEqual(100);
  expect(warned().length).toBeGreaterThan(90);
});

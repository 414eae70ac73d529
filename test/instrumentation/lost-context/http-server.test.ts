import { EventEmitter } from 'node:events';
import http, { type RequestListener } from 'node:http';
import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { bindToRequest, detectLostContexts } from '../../../src/instrumentation/lost-context/lost-contexts.js';
import { Enforcement } from '../../support/enforcement.js';
import { within } from '../../support/waiting.js';
import { Outcome } from '../http/calls.js';
import { RawClient, Servers } from '../http/servers.js';

// Events of a request come from its connection, which knows nothing of the request.

const servers = new Servers();
const enforcement = new Enforcement({ lostContexts: 'inherit' });

test.each<[string, (...args: [...Parameters<RequestListener>, () => void]) => unknown]>([
  ["the request's 'end'", (request, _, call) => request.resume().on('end', call)],
  ["the request's 'data'", (request, _, call) => request.once('data', call)],
  ["the response's 'drain'", (_, response, call) => response.on('drain', call).write('x'.repeat(1 << 20))],
])('a call that a listener for %s makes in a fresh context is noticed', async (_, listen) => {
  jest.spyOn(diag, 'warn').mockReturnValue();
  const told: unknown[] = [];
  const backend = await servers.serve((request, response) => {
    told.push(request.headers.timebudget);
    response.end();
  });
  const { port } = await servers.serve((request, response) => {
    listen(request, response, () => {
      const outcome = context.with(ROOT_CONTEXT, () => new Outcome(http.get(backend.url, { agent: false })));
      void outcome.close().then(() => response.end('answered'));
    });
  });
  const client = new RawClient(port);
  client.send(['POST / HTTP/1.1', 'timebudget: 500', 'content-length: 4', 'connection: close'], 'body');
  await client.received(/answered/);
  expect(told).toEqual(['500']);
  expect(enforcement.counts['client detached']).toBe(1);
  await within(2_000, 'the connection to close', () => client.closed);
});

test("with 'off' an emitter is left as it is", () => {
  const emitter = new EventEmitter();
  detectLostContexts('off');
  bindToRequest({} as never, emitter);
  expect(Object.hasOwn(emitter, 'emit')).toBe(false);
});

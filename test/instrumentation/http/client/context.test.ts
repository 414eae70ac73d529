import { AsyncLocalStorage } from 'node:async_hooks';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import { context, createContextKey } from '@opentelemetry/api';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { OpenScope } from '../calls.js';
import { Servers } from '../servers.js';

// Listeners of a call that its scope has ended run in the context of whoever has made the call.

const servers = new Servers();
new Enforcement({ server: { http: false } });
const user = createContextKey('user');
const store = new AsyncLocalStorage<string>();
const whoIsActive = () => [context.active().getValue(user), store.getStore()];

const halfway: http.RequestListener = (request, response) => {
  if (request.url === '/half') response.write('the first half');
};

describe.each<[string, (scope: OpenScope) => unknown]>([
  ['its time is up', () => advance(1_000)],
  [
    'somebody else cancels it',
    (scope) => store.run('canceller', () => context.with(context.active().setValue(user, 'canceller'), scope.cancel)),
  ],
])('when %s', (_, end) => {
  test.each<[string, string, string[]]>([
    ['waits for its answer', '/', ['request error', 'request close']],
    ['is answered', '/half', ['response error', 'response close', 'request close']],
    ['is queued in an agent', '/queued', ['request error', 'request close']],
  ])('and the call %s', async (_, path, expected) => {
    const { url } = await servers.serve(halfway);
    const scope = new OpenScope(1_000);
    const agent = new http.Agent({ maxSockets: 1 });
    if (path === '/queued') http.get(url, { agent }).on('error', () => {});
    const seen = new Map<string, unknown>();
    let response: IncomingMessage | undefined;
    const call = (): ClientRequest =>
      http
        .get(url + path, { agent })
        .on('response', (message) => {
          response = message;
          message.on('error', () => seen.set('response error', whoIsActive()));
          message.on('close', () => seen.set('response close', whoIsActive()));
        })
        .on('error', () => path !== '/half' && seen.set('request error', whoIsActive()))
        .on('close', () => seen.set('request close', whoIsActive()));
    const callersContext = scope.context.setValue(user, 'caller');
    const request = store.run('caller', () => context.with(callersContext, call));
    const ready = { '/': () => request.socket?.readyState === 'open', '/half': () => response !== undefined };
    await within(2_000, 'the call to be on its way', ready[path as keyof typeof ready] ?? (() => true));
    end(scope);
    await within(2_000, "'close'", () => seen.has('request close'));
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries(expected.map((event) => [event, ['caller', 'caller']])),
    );
    agent.destroy();
  });
});

import http from 'node:http';
import { connect } from 'node:net';
import { Agent } from 'agent-base-6';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { callErrorOf, OpenScope, Outcome } from '../calls.js';
import { Servers } from '../servers.js';

// Agents that have no `addRequest` of Node's, as those for proxies were until agent-base 7: a call is seen when it is
// given its socket.

const servers = new Servers();
const enforcement = new Enforcement({ server: { http: false } });

/** An agent whose sockets are made when the test says so. */
function slowAgent(port: number) {
  const waiting: (() => void)[] = [];
  const callback = async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return connect(port, '127.0.0.1');
  };
  const agent = new Agent(callback as never) as unknown as http.Agent;
  return { agent, waiting };
}

/** A call under a scope of `ms` that waits for its socket, and what gives it one. */
async function waitingCall(ms: number, handler: http.RequestListener) {
  const served = await servers.serve(handler);
  const { agent, waiting } = slowAgent(served.port);
  const scope = new OpenScope(ms);
  const target = `GET ${served.url}/path`;
  const outcome = scope.run(() => new Outcome(http.get(`${served.url}/path`, { agent })));
  await within(2_000, 'the call to wait', () => waiting.length === 1);
  return { scope, outcome, target, giveSocket: () => waiting[0]?.() };
}

test('a call goes out without a budget: its head has been written', async () => {
  const { scope, outcome, giveSocket } = await waitingCall(500, (request, response) => {
    response.end(String(request.headers.timebudget));
  });
  giveSocket();
  expect(await outcome.body()).toBe('undefined');
  scope.complete();
});

test('a call in flight is aborted when the time is up', async () => {
  let arrived = false;
  const { scope, outcome, target, giveSocket } = await waitingCall(500, () => {
    arrived = true;
  });
  giveSocket();
  await within(2_000, 'the request', () => arrived);
  advance(500);
  await outcome.close();
  expect(outcome.errors).toEqual([callErrorOf('DEADLINE_EXCEEDED', target, scope.reason)]);
  scope.complete();
});

test('a call whose time is up before it has a socket fails when it gets one, and nothing is sent', async () => {
  let arrived = false;
  const { scope, outcome, target, giveSocket } = await waitingCall(500, () => {
    arrived = true;
  });
  advance(500);
  expect(outcome.events).toEqual([]);
  giveSocket();
  await outcome.close();
  expect(outcome.events).toEqual(['error', 'close']);
  expect(outcome.errors).toEqual([callErrorOf('DEADLINE_EXCEEDED', target, scope.reason)]);
  expect(enforcement.counts).toEqual({ 'client rejected': 1 });
  expect(arrived).toBe(false);
  scope.complete();
});

import http from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { withTimeout } from '../../../src/context/with-scope.js';
import { DeadlineInstrumentation } from '../../../src/instrumentation/deadline-instrumentation.js';
import { createPropagator } from '../../../src/propagation/create-propagator.js';
import { advance, useFakeClock } from '../../support/fake-clock.js';
import { registerGlobals } from '../../support/open-telemetry.cjs';
import { Outcome } from '../http/calls.js';
import { RawClient, Servers } from '../http/servers.js';

// Somebody wraps the methods over ours, so that ours can't be taken off: disabled, they do as the original ones do.

const servers = new Servers();
useFakeClock();
beforeEach(() => {
  registerGlobals({ textMapPropagator: createPropagator() });
});
afterEach(() => {
  context.disable();
  propagation.disable();
});

const methods: [object, string][] = [
  [http.Server.prototype, 'emit'],
  [http.ServerResponse.prototype, 'writeHead'],
  [http.Agent.prototype, 'addRequest'],
  [http.ClientRequest.prototype, 'onSocket'],
  [globalThis, 'fetch'],
];
const current = () => methods.map(([owner, name]) => (owner as Record<string, unknown>)[name]);

/** Wraps all methods. Returns what takes that off. */
function cover(): () => void {
  const undo = methods.map(([owner, name]) => {
    const table = owner as Record<string, unknown>;
    const covered = table[name] as (...args: unknown[]) => unknown;
    table[name] = function theirs(this: unknown, ...args: unknown[]) {
      return covered.apply(this, args);
    };
    return () => {
      table[name] = covered;
    };
  });
  return () => {
    for (const step of undo) step();
  };
}

/** What becomes of calls that are made, and of requests that arrive, when the time is up. */
async function late(): Promise<Record<string, unknown>> {
  const { url, port } = await servers.serve((request, response) => {
    if (request.url !== '/fails') return void response.end('handled');
    advance(60_000);
    response.writeHead(500).end();
  });
  const statusOf = async (line: string, budget: number) => {
    const client = new RawClient(port).send([line, `timebudget: ${budget}`, 'connection: close']);
    return (await client.received(/^HTTP\/1\.1 \d+/)).split(' ')[1];
  };
  const outcome = withTimeout(0, () => new Outcome(http.get(url, { agent: false })));
  const fetched = withTimeout(0, () => fetch(url)).then(
    (response) => response.text(),
    () => 'refused',
  );
  await outcome.close();
  return {
    'http.get': outcome.errors.length === 0 ? 'handled' : 'refused',
    fetch: await fetched,
    'a request': await statusOf('GET / HTTP/1.1', 0),
    'an answer of 500': await statusOf('GET /fails HTTP/1.1', 60_000),
  };
}

const asEver = { 'http.get': 'handled', fetch: 'handled', 'a request': '200', 'an answer of 500': '500' };
const enforced = { 'http.get': 'refused', fetch: 'refused', 'a request': '504', 'an answer of 500': '504' };

test('disabled and enabled again, any number of times', async () => {
  const untouched = current();
  const instrumentation = new DeadlineInstrumentation();
  const uncover = cover();
  const covered = current();
  for (let i = 0; i < 3; i++) {
    instrumentation.disable();
    expect(await late()).toEqual(asEver);
    instrumentation.enable();
    expect(await late()).toEqual(enforced);
    expect(current()).toEqual(covered);
  }
  uncover();
  instrumentation.disable();
  expect(current()).toEqual(untouched);
});

test('with other options when it is enabled again', async () => {
  const instrumentation = new DeadlineInstrumentation();
  const uncover = cover();
  instrumentation.setConfig({ client: { ignore: () => true }, server: { keepStatus: true } });
  expect(await late()).toEqual({ ...asEver, 'a request': '504' });
  instrumentation.setConfig({ mode: 'observe' });
  expect(await late()).toEqual(asEver);
  uncover();
  instrumentation.disable();
});

import http from 'node:http';
import { diag, propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { within } from '../../support/waiting.js';
import { Handlings } from '../http/handlings.js';
import { RawClient, Servers } from '../http/servers.js';

const servers = new Servers();

/** Registered for all copies of the api: each test has one of its own. */
const warn = jest.fn();
let instrumentation: { disable(): void };
let createPropagator: typeof import('../../../src/propagation/create-propagator.js').createPropagator;

beforeEach(() => {
  warn.mockReset();
  diag.setLogger({ error() {}, warn, info() {}, debug() {}, verbose() {} });
  // Once in a process: each test is one.
  jest.isolateModules(() => {
    const { DeadlineInstrumentation } = require('../../../src/instrumentation/deadline-instrumentation.js');
    ({ createPropagator } = require('../../../src/propagation/create-propagator.js'));
    instrumentation = new DeadlineInstrumentation();
  });
});

afterEach(() => {
  instrumentation.disable();
  propagation.disable();
  diag.disable();
});

const turn = () => new Promise(setImmediate);

/** Serves two requests and makes two calls. */
async function work(): Promise<void> {
  const handlings = new Handlings((_, response) => void response.end('done'));
  const { url, port } = await servers.serve(handlings.handler);
  for (const each of [1, 2]) {
    await fetch(url).then((response) => response.text());
    new RawClient(port).send(['GET / HTTP/1.1']);
    await within(2_000, 'the requests', () => handlings.all.length === 2 * each);
  }
  await turn();
}

const warnings = () => warn.mock.calls.map(([message]) => message);

test.each([
  ['no propagator', undefined],
  ['a propagator of the trace alone', new W3CTraceContextPropagator()],
])('with %s, one warning says what to do', async (_, propagator) => {
  if (propagator !== undefined) propagation.setGlobalPropagator(propagator);
  await turn();
  expect(warnings()).toEqual([]);
  await work();
  expect(warnings()).toEqual([expect.stringMatching(/propagator carries none.* createPropagator\(\)/)]);
});

test('with a propagator that carries deadlines there is none', async () => {
  propagation.setGlobalPropagator(createPropagator());
  await work();
  expect(warnings()).toEqual([]);
});

test('nor when it is registered after the first call, as an SDK with resource detectors does', async () => {
  http.get({ port: 1, host: '127.0.0.1' }).on('error', () => {});
  propagation.setGlobalPropagator(createPropagator());
  await work();
  expect(warnings()).toEqual([]);
});

import http from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { request, fetch as undiciFetch } from 'undici';
import { withTimeout } from '../../../src/context/with-scope.js';
import { type DeadlineEvent, listen } from '../../../src/events.js';
import { DeadlineInstrumentation } from '../../../src/instrumentation/deadline-instrumentation.js';
import { createPropagator } from '../../../src/propagation/create-propagator.js';
import { registerGlobals } from '../../support/open-telemetry.cjs';
import { Servers } from '../http/servers.js';

const servers = new Servers();
const events: DeadlineEvent[] = [];
let undo: (() => void)[];
beforeEach(() => {
  registerGlobals({ textMapPropagator: createPropagator() });
  const enforcement = new DeadlineInstrumentation({ server: { admission: false } });
  events.length = 0;
  undo = [
    listen((event) => events.push(event)),
    () => enforcement.disable(),
    () => context.disable(),
    () => propagation.disable(),
  ];
});
afterEach(() => {
  for (const step of undo) step();
});

/** Each makes a call and reads the answer to its end. */
const transports: [string, (url: string) => Promise<unknown>][] = [
  [
    'http',
    (url) => new Promise((done) => http.get(url, { agent: false }, (answer) => answer.resume().on('end', done))),
  ],
  ['fetch', async (url) => (await fetch(url, { headers: { connection: 'close' } })).text()],
  ['undici.fetch', async (url) => (await undiciFetch(url, { headers: { connection: 'close' } })).text()],
  ['undici.request', async (url) => (await request(url, { reset: true })).body.text()],
];

async function answered(status: number, fields: Record<string, string>): Promise<string> {
  const { url } = await servers.serve((_, response) => response.writeHead(status, fields).end());
  return url;
}

test.each(transports)('%s: an answer that says that the time ran out down there is counted', async (name, call) => {
  const url = await answered(504, { 'X-Other': '7', TimeBudget: '0' });
  await withTimeout(1000, () => call(url));
  const transport = name === 'http' ? 'http' : 'undici';
  expect(events).toEqual([{ type: 'exceeded-downstream', side: 'client', transport }]);
});

describe.each(transports)('%s: not counted is', (_, call) => {
  test.each([
    ['a 504 of somebody else', 504, {}],
    ['one that leaves time', 504, { timebudget: '5' }],
    ['another status', 500, { timebudget: '0' }],
  ])('%s', async (__, status, fields) => {
    const url = await answered(status, fields);
    await withTimeout(1000, () => call(url));
    expect(events).toEqual([]);
  });

  test('the answer to a call that nobody bound', async () => {
    await call(await answered(504, { timebudget: '0' }));
    expect(events).toEqual([]);
  });
});

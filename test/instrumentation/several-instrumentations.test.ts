import http from 'node:http';
import { diag } from '@opentelemetry/api';
import { withTimeout } from '../../src/context/with-scope.js';
import { DeadlineInstrumentation } from '../../src/instrumentation/deadline-instrumentation.js';
import { Enforcement } from '../support/enforcement.js';
import { Outcome } from './http/calls.js';
import { type Served, Servers } from './http/servers.js';

// Of several instrumentations the last one is on, also where it is of another copy of this package.

const servers = new Servers();
new Enforcement({ server: { http: false } });

function anotherCopy(): typeof DeadlineInstrumentation {
  let copy: typeof DeadlineInstrumentation | undefined;
  jest.isolateModules(() => {
    copy = require('../../src/instrumentation/deadline-instrumentation.js').DeadlineInstrumentation;
  });
  return copy as typeof DeadlineInstrumentation;
}

/** What calls are told that have 500 ms, by http and by fetch. */
async function told({ url }: Served): Promise<unknown[]> {
  const calls = [() => new Outcome(http.get(url, { agent: false })).body(), async () => (await fetch(url)).text()];
  return Promise.all(calls.map((call) => withTimeout(500, call)));
}

test.each<[string, () => typeof DeadlineInstrumentation]>([
  ['of the same copy', () => DeadlineInstrumentation],
  ['of another copy', anotherCopy],
])('a second one, %s, takes the place of the first', async (_, load) => {
  const warn = jest.fn();
  const nothing = () => {};
  diag.setLogger({ warn, error: nothing, info: nothing, debug: nothing, verbose: nothing });
  const served = await servers.serve((request, response) => {
    response.end(String(request.headersDistinct.timebudget));
  });
  expect(await told(served)).toEqual(['500', '500']);
  const second = new (load())({ server: { http: false } });
  expect(warn).toHaveBeenCalledWith(
    expect.any(String),
    'another DeadlineInstrumentation was enabled: it is disabled now, because one process needs one',
  );
  expect(await told(served)).toEqual(['500', '500']);
  second.disable();
  diag.disable();
  expect(await told(served)).toEqual(['undefined', 'undefined']);
});

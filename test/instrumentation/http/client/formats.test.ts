import http from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { remainingTime } from '../../../../src/context/context-deadline.js';
import { withTimeout } from '../../../../src/context/with-scope.js';
import { connectTimeoutMs } from '../../../../src/wire/formats/connect-timeout-ms.js';
import { grpcTimeout } from '../../../../src/wire/formats/grpc-timeout.js';
import { timebudget } from '../../../../src/wire/formats/timebudget.js';
import { xDeadline } from '../../../../src/wire/formats/x-deadline.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { within } from '../../../support/waiting.js';
import { OpenScope, Outcome } from '../calls.js';
import { Servers } from '../servers.js';

// Other formats than ours, in and out.

const servers = new Servers();
const formats = [connectTimeoutMs, xDeadline, grpcTimeout];
const enforcement = new Enforcement({}, { deadline: { extract: [...formats, timebudget], inject: formats } });

const START = Date.UTC(2026, 0, 5, 10);
const FIELDS = ['connect-timeout-ms', 'grpc-timeout', 'timebudget', 'x-deadline'];
const expected = {
  'connect-timeout-ms': ['500'],
  'grpc-timeout': ['500m'],
  'x-deadline': ['2026-01-05T10:00:00.500Z'],
};
beforeEach(() => jest.setSystemTime(START));

/** A server that tells which deadline fields have arrived, and what is left by them. */
async function listing() {
  return servers.serve((request, response) => {
    const lines = Object.entries(request.headersDistinct).filter(([name]) => FIELDS.includes(name));
    response.end(JSON.stringify({ fields: Object.fromEntries(lines), left: remainingTime() }));
  });
}

test('a call carries each of them once, and a server is bound by them', async () => {
  const { url } = await listing();
  const outcome = withTimeout(500, () => new Outcome(http.get(url)));
  const { fields, left } = JSON.parse(await outcome.body());
  expect(fields).toEqual(expected);
  expect(left).toBe(500);
});

test("ours take the place of the caller's own, in any case, as of what another instrumentation has written", async () => {
  const { url } = await listing();
  const outcome = withTimeout(600, () => {
    const headers: Record<string, string> = { 'Connect-Timeout-MS': '90000', 'X-Deadline': '2026-01-05T12:00:00Z' };
    propagation.inject(context.active(), headers);
    advance(100);
    return new Outcome(http.get(url, { headers }));
  });
  const { fields } = JSON.parse(await outcome.body());
  expect(fields).toEqual({ ...expected, 'x-deadline': ['2026-01-05T10:00:00.600Z'] });
});

test('the call ends when that is used up which was passed on', async () => {
  let arrived = false;
  const { url } = await servers.serve(() => {
    arrived = true;
  });
  const scope = new OpenScope(500);
  const outcome = scope.run(() => new Outcome(http.get(url)));
  await within(2_000, 'the request', () => arrived);
  advance(500);
  await outcome.close();
  expect(outcome.errors).toMatchObject([{ code: 'DEADLINE_EXCEEDED' }]);
  scope.complete();
  expect(enforcement.events).toContainEqual({ type: 'exceeded', side: 'client', transport: 'http', inherited: false });
});

test('a request that comes with a spent one is not served', async () => {
  const handler = jest.fn();
  const { url } = await servers.serve(handler);
  const headers = { 'x-deadline': '2026-01-05T09:59:59Z' };
  const { statusCode } = await new Outcome(http.get(url, { headers })).responded();
  expect(statusCode).toBe(504);
  expect(handler).not.toHaveBeenCalled();
});

describe("a shorter limit of the caller's own is sent", () => {
  const shorter = '2026-01-05T10:00:00.150Z';

  test.each<[string, http.OutgoingHttpHeaders]>([
    ['as text', { 'connect-timeout-ms': '150', 'x-deadline': shorter }],
    ['in another case', { 'Connect-Timeout-Ms': '150', 'X-Deadline': shorter }],
    ['as a number', { 'connect-timeout-ms': 150, 'x-deadline': [shorter] }],
  ])('%s', async (_, headers) => {
    const { url } = await listing();
    for (const injectedBefore of [false, true]) {
      const own = { ...headers };
      const outcome = withTimeout(500, () => {
        if (injectedBefore) propagation.inject(context.active(), own);
        return new Outcome(http.get(url, { headers: own }));
      });
      const { fields } = JSON.parse(await outcome.body());
      expect(fields).toEqual({ 'connect-timeout-ms': ['150'], 'x-deadline': [shorter], 'grpc-timeout': ['500m'] });
    }
  });

  test.each(['soon', '-', ''])('but not one that is not valid: %j', async (value) => {
    const { url } = await listing();
    const outcome = withTimeout(500, () => new Outcome(http.get(url, { headers: { 'connect-timeout-ms': value } })));
    expect(JSON.parse(await outcome.body()).fields).toEqual(expected);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildProcess } from '../../support/processes/child-process.js';

jest.setTimeout(60_000);

interface Answer {
  readonly status: number;
  readonly timebudget: string | null;
  readonly body: unknown;
}

/** Codes that clients get, and answers of HTTP, without and with the interceptors of docs/interop.md. */
type Report = Record<string, Record<'without' | 'with', Record<string, unknown>>>;

const PROTOCOLS = [
  'Connect over HTTP/1.1',
  'Connect in JSON over HTTP/1.1',
  'Connect over HTTP/2',
  'gRPC over HTTP/2',
  'gRPC-Web over HTTP/1.1',
];

let report: Report;
beforeAll(async () => {
  const finished = await ChildProcess.run(join(__dirname, 'fixtures/connect.mjs'), {
    flags: ['--import', join(__dirname, '../http/fixtures/telemetry.cjs')],
    env: { HTTP_SETUP: JSON.stringify({ order: ['ours'] }) },
  });
  expect({ code: finished.code, stderr: finished.stderr }).toEqual({ code: 0, stderr: '' });
  report = finished.report;
});

const calls = PROTOCOLS.flatMap((protocol) => (['unary', 'stream'] as const).map((kind) => [protocol, kind] as const));

test.each(calls)('%s, %s: a call whose time is up before its handler starts has its code', (protocol, kind) => {
  expect(report[protocol]?.without).toMatchObject({ [`${kind}, before the handler`]: 'DeadlineExceeded', handled: 0 });
});

test.each(calls)("%s, %s: an error that escapes from a handler has Connect's code for it", (protocol, kind) => {
  // In a stream, and in gRPC, the code is in what Connect writes after its head.
  const isReplaced = kind === 'unary' && protocol.startsWith('Connect');
  const without = isReplaced ? 'DeadlineExceeded' : 'Internal';
  expect(report[protocol]?.without[`${kind}, in the handler`]).toBe(without);
  expect(report[protocol]?.with[`${kind}, in the handler`]).toBe('DeadlineExceeded');
});

test.each(PROTOCOLS)(
  '%s: a call that its scope ends carries the budget, and its error tells the reason',
  (protocol) => {
    for (const which of ['without', 'with'] as const) {
      const expected = { exceeded: true, carried: true, 'on the client': 'DeadlineExceeded' };
      expect(report[protocol]?.[which]).toMatchObject(expected);
    }
  },
);

test.each(PROTOCOLS)('%s: the end of a call is no code of another one that waits for the same work', (protocol) => {
  const first = protocol.startsWith('Connect') ? 'DeadlineExceeded' : 'Internal';
  expect(report[protocol]?.without.shared).toEqual([first, 'Internal']);
  expect(report[protocol]?.with.shared).toEqual(['DeadlineExceeded', 'Internal']);
});

describe('the status and the body of an answer agree', () => {
  const exceeded = { status: 504, timebudget: '0', body: { code: 'deadline_exceeded', message: 'deadline exceeded' } };

  test.each<['without' | 'with', string, Answer]>([
    ['without', 'answer', exceeded],
    ['with', 'answer', exceeded],
    ['without', 'get', exceeded],
    ['with', 'get', exceeded],
    ['without', 'refusal', exceeded],
    ['with', 'refusal', exceeded],
  ])('%s the interceptor: %s', (which, what, expected) => {
    expect(report['Connect over HTTP/1.1']?.[which][what]).toEqual(expected);
  });
});

test('docs/interop.md has the interceptors that are tested here', () => {
  const document = readFileSync(join(__dirname, '../../../docs/interop.md'), 'utf8');
  const source = readFileSync(join(__dirname, 'fixtures/connect-interceptor.mjs'), 'utf8');
  const [, ...interceptors] = source.replaceAll('export const', 'const').split(/^(?=\/\/ For )/m);
  expect(interceptors).toHaveLength(2);
  for (const interceptor of interceptors) expect(document).toContain(interceptor.trim());
});

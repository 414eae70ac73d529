import { constants, type OutgoingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { throwIfExceeded } from '../../../../src/context/context-deadline.js';
import { Enforcement } from '../../../support/enforcement.js';
import { advance } from '../../../support/fake-clock.js';
import { ChildProcess } from '../../../support/processes/child-process.js';
import { HandledStreams } from '../handled-streams.js';
import { answering, Outcome, Sessions } from '../streams.js';

const sessions = new Sessions();
const enforcement = new Enforcement({ client: { http2: false } });

describe('a stream that comes too late', () => {
  test.each<[string, OutgoingHttpHeaders, OutgoingHttpHeaders, string | RegExp]>([
    ['GET', {}, { ':status': 504, timebudget: '0' }, 'deadline exceeded\n'],
    ['HEAD', { ':method': 'HEAD' }, { ':status': 504, timebudget: '0' }, ''],
    ['gRPC', { ':method': 'POST', 'content-type': 'application/grpc' }, { ':status': 200, 'grpc-status': '4' }, ''],
    [
      'Connect',
      { ':method': 'POST', 'content-type': 'application/json', 'connect-protocol-version': '1' },
      { ':status': 504, timebudget: '0' },
      '{"code":"deadline_exceeded","message":"deadline exceeded"}',
    ],
  ])('is answered, and its handler does not run: %s', async (_, headers, expected, body) => {
    const streams = new HandledStreams();
    const { url } = await sessions.serve(streams.handler);
    const session = await sessions.connect(url);
    const outcome = new Outcome(session.request({ ...headers, timebudget: '0' }));
    outcome.stream.end();
    expect(await outcome.body()).toBe(body);
    expect(outcome.headers).toMatchObject(expected);
    await outcome.close();
    expect(streams.all).toEqual([]);
    expect(outcome.errors).toEqual([]);
    expect(enforcement.counts).toEqual({ 'server rejected': 1 });
  });

  test('is answered while its body is still being sent', async () => {
    const streams = new HandledStreams();
    const { url } = await sessions.serve(streams.handler);
    const session = await sessions.connect(url);
    const outcome = new Outcome(session.request({ ':method': 'POST', timebudget: '0' }));
    outcome.stream.write('x'.repeat(1000));
    expect(await outcome.responded()).toMatchObject({ ':status': 504, timebudget: '0' });
    outcome.stream.resume().end('x'.repeat(1 << 20));
    await outcome.close();
    expect(outcome.stream.rstCode).toBe(0);
    expect(streams.all).toEqual([]);
  });

  test('reaches its handler in observe mode', async () => {
    enforcement.configure({ client: { http2: false }, mode: 'observe' });
    const { url } = await sessions.serve(answering);
    const session = await sessions.connect(url);
    expect(await new Outcome(session.request({ timebudget: '0' })).body()).toBe('answered');
    expect(enforcement.counts).toEqual({ 'server rejected': 1 });
  });
});

describe('what a handler throws because its request has ended', () => {
  test('is answered 504, and what it writes later does no harm', async () => {
    const streams = new HandledStreams(() => {
      advance(500);
      throwIfExceeded();
    });
    const { url } = await sessions.serve(streams.handler);
    const session = await sessions.connect(url);
    const outcome = new Outcome(session.request({ timebudget: '500' }));
    expect(await outcome.body()).toBe('deadline exceeded\n');
    expect(outcome.headers).toMatchObject({ ':status': 504, timebudget: '0' });
    const { stream } = await streams.arrived();
    stream.respond({ ':status': 200 });
    stream.write('late');
    stream.end('late');
    await outcome.close();
    expect(enforcement.counts).toEqual({ 'server exceeded': 1 });
  });

  test('resets the stream where a part of the answer has been sent', async () => {
    const streams = new HandledStreams(async ({ stream }) => {
      stream.respond({ ':status': 200 });
      stream.write('a part');
    });
    const { url } = await sessions.serve((stream, headers) => {
      void streams.handler(stream, headers);
      advance(500);
      throwIfExceeded();
    });
    const session = await sessions.connect(url);
    const outcome = new Outcome(session.request({ timebudget: '500' }));
    outcome.stream.resume();
    await outcome.close();
    expect(outcome.stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  });
});

test('a promise that is rejected because its request has ended ends no process', async () => {
  const { report, code } = await ChildProcess.run(join(__dirname, '../fixtures/rejecting.cjs'));
  expect(code).toBe(0);
  expect(report).toEqual({
    exceeded: { ':status': 504, timebudget: '0' },
    reset: constants.NGHTTP2_INTERNAL_ERROR,
    after: 200,
  });
});

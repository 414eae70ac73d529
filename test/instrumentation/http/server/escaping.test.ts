import { type Finished, fixture, run } from '../processes.js';

const orders = { 'with instrumentation-http': ['ours', 'http'], alone: ['ours'] };

describe.each(Object.entries(orders))('what escapes from an async handler, %s', (_, order) => {
  let finished: Finished;

  beforeAll(async () => {
    finished = await run('escaping.cjs', ['--require', fixture('telemetry.cjs')], { order });
    expect(finished).toMatchObject({ code: 0 });
  });

  test('because the time is up is answered with 504, or breaks off the answer that has begun', () => {
    const whole = { '/fetch': 504, '/request': 504, '/wrapped': 504, '/together': 504 };
    expect(finished.report.late).toEqual({ ...whole, '/half': 'cut off' });
  });

  test('because the time is up or the caller has gone does not end the process', () => {
    expect(finished.report.causedByUs).toEqual([]);
  });

  test('is answered for each request that waits for it, by 504 only where its own time is up', () => {
    expect(finished.report.both).toEqual([504, 500]);
  });

  test('and was handled by the application does not either', () => {
    expect(finished.report.handled).toBe(502);
  });

  test('for any other reason does, as without us', () => {
    expect(finished.report.others).toEqual(['its own fault']);
  });
});

describe.each(
  Object.entries(orders).flatMap(([name, order]) =>
    (['enforce', 'observe'] as const).map((mode) => [name, mode, order] as const),
  ),
)('what a handler throws because it has asked, %s, mode %s', (_, mode, order) => {
  let finished: Finished;

  beforeAll(async () => {
    const settings = { order, config: { mode } };
    finished = await run('throwing.cjs', ['--require', fixture('telemetry.cjs')], settings);
    expect(finished).toMatchObject({ code: 0 });
  });

  test.each(['/sync', '/async', '/prepared', 'checkContinue', 'handed on'])('%s: is answered with 504 alone', (way) => {
    expect(finished.report.answers[way]).toEqual({
      status: '504 Gateway Timeout',
      headers: ['content-length', 'content-type', 'timebudget'],
      body: 'deadline exceeded\n',
    });
  });

  test('does not end the process, and anything else does', () => {
    expect(finished.report).toMatchObject({ causedByUs: [], others: ['its own fault'] });
  });
});

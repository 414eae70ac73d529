import { codeBlocks, run } from '../docs/code-blocks.js';

/** The set-up as the document shows it, without what the document does with it. */
const [setUp = ''] =
  codeBlocks('docs/getting-started.md')
    .find(({ source }) => source.includes('BasicTracerProvider'))
    ?.source.split('// Two services') ?? [];

/** A caller, and two hops behind it that are called in two ways. They add what they see to `seen`. */
const CHAIN = `
  import { once } from 'node:events';
  import { abortSignal } from 'opentelemetry-propagator-deadline';

  const seen = [];
  const serve = async (handle) => {
    const server = http.createServer((request, response) => {
      seen.push({ path: request.url, left: remainingTime(), trace: trace.getActiveSpan()?.spanContext().traceId });
      return handle(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return 'http://127.0.0.1:' + server.address().port;
  };
`;

const program = async (source: string) => JSON.parse((await run({ source: `${setUp}${CHAIN}${source}` })).join('\n'));

test('the budget falls from hop to hop, in one trace', async () => {
  const { trace, seen } = await program(`
    const last = await serve((_, response) => response.end());
    const middle = await serve((_, response) => http.get(last + '/last', () => response.end()));
    const span = trace.getTracer('test').startSpan('caller');
    await context.with(trace.setSpan(context.active(), span), () => withTimeout(60_000, () => fetch(middle + '/middle')));
    console.log(JSON.stringify({ trace: span.spanContext().traceId, seen }));
    process.exit();
  `);
  expect(seen).toEqual([
    { path: '/middle', left: expect.any(Number), trace },
    { path: '/last', left: expect.any(Number), trace },
  ]);
  const [middle, last] = seen;
  expect(middle.left).toBeLessThan(60_000);
  expect(last.left).toBeLessThan(middle.left);
  expect(last.left).toBeGreaterThan(30_000);
});

test("a call is aborted when its caller's time is up, and the service behind it sees its caller go", async () => {
  const { code, closed, reason } = await program(`
    let gone;
    const closed = new Promise((resolve) => { gone = resolve; });
    const stuck = await serve((request, response) => {
      const signal = abortSignal();
      response.on('close', () => gone({ closed: !response.writableEnded, reason: signal.reason?.name }));
    });
    let failed;
    const code = new Promise((resolve) => { failed = resolve; });
    const middle = await serve(() => fetch(stuck).catch((error) => failed(error.code)));
    // A caller that does not hang up. The budget is longer than the first calls of a process take on a busy machine.
    fetch(middle, { headers: { timebudget: '1500' } }).catch(() => {});
    console.log(JSON.stringify({ code: await code, ...(await closed) }));
    process.exit();
  `);
  expect(code).toBe('DEADLINE_EXCEEDED');
  expect(closed).toBe(true);
  // Its own deadline, or the call that was taken back, whichever it hears of first.
  expect(['DeadlineExceededError', 'CallCancelledError']).toContain(reason);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectAbout, GRANTED, READING } from './deadlines.js';
import { type HopLanguage, HttpChain, type NodeClient } from './http-chain.js';
import { buildGo, describeIn, GO } from './toolchains.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

const chains = (['http.request', 'fetch'] as const).flatMap<[HopLanguage[], NodeClient]>((client) => [
  [['Go', 'Node', 'Go'], client],
  [['Node', 'Go', 'Node'], client],
]);

describeIn(GO, "Go's net/http", (command) => {
  let programs: string;
  beforeAll(() => {
    programs = mkdtempSync(join(tmpdir(), 'deadline-go-'));
    buildGo(command, programs);
  }, 300_000);
  afterAll(() => rmSync(programs, { recursive: true, force: true }));

  describe.each(chains)('%j, %s', (languages, client) => {
    let chain: HttpChain;
    beforeAll(async () => {
      chain = await HttpChain.start(languages, client, programs);
    });
    afterAll(() => chain?.stop());

    test("the caller's deadline and trace id arrive at every hop", async () => {
      // So far from a whole second that no delay makes another one of it.
      let deadline = wholeSecond(11_000) + 700;
      expect(await chain.get('/answer', fromCaller(deadline))).toBe(200);

      for (const [i, report] of (await chain.tell('arrived')).entries()) {
        expect(report.traceId).toBe(TRACE_ID);
        expectAbout(deadline, report.deadline);
        // time.RFC3339 has no fractions.
        if (languages[i] === 'Go') deadline = Math.floor(deadline / 1_000) * 1_000;
      }
    });

    test('a caller who brings neither: the first hop sets both, and those behind it have them', async () => {
      const sent = Date.now();
      expect(await chain.get('/answer')).toBe(200);

      const [, second, third] = await chain.tell('arrived');
      expect(second?.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
      expect(third?.traceId).toBe(second?.traceId);
      for (const hop of [second, third]) {
        expect(hop?.deadline).toBeGreaterThan(sent + GRANTED - 1_000 - READING);
        expect(hop?.deadline).toBeLessThan(Date.now() + GRANTED + READING);
      }
      // As Go has written it: in its own zone, or in that of the deadline which it was given.
      expect(second?.xDeadline ?? third?.xDeadline).toMatch(
        languages[0] === 'Go' ? /T\d\d:\d\d:\d\d\+05:30$/ : /T\d\d:\d\d:\d\dZ$/,
      );
    });

    test.each([
      ['a minute left', () => fromCaller(Date.now() + 60_000)],
      ['no deadline', () => ({})],
    ])('a caller with %s hangs up: every hop is cancelled', async (_, headers) => {
      const request = chain.send('/wait', headers());
      await chain.hops.at(-1)?.tells('arrived', chain.request);
      request.destroy();
      const ends = await chain.tell('ended');
      expect(ends.map(({ as }) => as)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    });

    test('the deadline passes: 504, and the last hop has stopped', async () => {
      // The last hop has what Go has made of it: a whole second.
      const deadline = wholeSecond(1_000);
      expect(await chain.get('/wait', fromCaller(deadline + 700))).toBe(504);
      expect(Date.now()).toBeGreaterThan(deadline - READING);
      // A hop whose clock is read a little earlier hangs up on the next one.
      const [, , last] = await chain.tell('ended');
      expect(['deadline exceeded', 'cancelled']).toContain(last?.as);
    });

    test('a deadline that has passed: 504, and nobody behind the first hop is bothered', async () => {
      expect(await chain.get('/answer', fromCaller(Date.now() - 5_000))).toBe(504);
      const late = chain.request;
      // Whatever they told of it, they told before they tell of the next one.
      expect(await chain.get('/answer')).toBe(200);
      await chain.tell('ended');
      expect(chain.hops.slice(1).map((hop) => hop.hasTold('arrived', late))).toEqual([false, false]);
    });

    test('the last hop closes the connection: the others fail at once, and for no other reason', async () => {
      expect(await chain.get('/hang-up', fromCaller(Date.now() + 60_000))).toBe(502);
      const [first, second] = await chain.tell('ended');
      expect([first?.as, second?.as]).toEqual(['done', 'done']);
    });
  });
});

/** The first whole second that is so many ms ahead. */
function wholeSecond(ahead: number): number {
  return Math.ceil((Date.now() + ahead) / 1_000) * 1_000;
}

function fromCaller(deadline: number): Record<string, string> {
  return { 'x-deadline': new Date(deadline).toISOString(), 'x-trace-id': TRACE_ID };
}

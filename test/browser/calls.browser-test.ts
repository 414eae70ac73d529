import type { Browser } from 'playwright-core';
import { within } from '../support/waiting.js';
import { OpenPage, startBrowser } from './browser.js';
import { bundleForBrowser } from './bundle.js';
import type { Way } from './call-result.js';
import { Site } from './site.js';

const AT_ONCE = 'in fn itself';
const LATER = 'after an await';
const LATER_EXPLICITLY = 'after an await, in the context that fn was given';

/** Which calls keep the deadline, with a context manager and a language that the page is compiled to. */
const PAGES: [string, string, string, Way[], Way[]][] = [
  ['StackContextManager', 'with-stack.ts', 'es2022', [AT_ONCE, LATER_EXPLICITLY], [LATER]],
  ['ZoneContextManager, native await', 'with-zone.ts', 'es2022', [AT_ONCE, LATER_EXPLICITLY], [LATER]],
  ['ZoneContextManager, await compiled away', 'with-zone.ts', 'es2016', [AT_ONCE, LATER, LATER_EXPLICITLY], []],
];

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

describe.each(PAGES)('with %s', (_, file, target, bound, unbound) => {
  let page: OpenPage;
  beforeAll(async () => {
    page = await OpenPage.open(browser, (await bundleForBrowser(file, target)).code);
  });
  afterAll(() => page?.close());
  beforeEach(() => {
    page.site.arrivals.length = 0;
  });
  afterEach(() => expect(page.messages.splice(0)).toEqual([]));

  describe.each(bound)('a call %s', (way) => {
    test('takes the budget along', async () => {
      expect(await page.call(way, '/answer', 5000)).toMatchObject({ text: 'answered' });
      const [{ field, traceparent } = {}] = page.site.arrivals;
      expect(field).toMatch(/^\d+$/);
      expect(Number(field)).toBeLessThanOrEqual(way === AT_ONCE ? 5000 : 4981);
      expect(Number(field)).toBeGreaterThan(2000);
      expect(traceparent).toMatch(/^00-/);
    });

    test.each(['/silence', '/stall'])('is aborted when the time is up: %s', async (path) => {
      const { error, elapsed } = await page.call(way, path, 300);
      expect(error).toEqual({ name: 'DeadlineExceededError', exceeded: true });
      expect(elapsed).toBeGreaterThan(290);
      expect(page.site.arrivals).toHaveLength(1);
      await within(5_000, 'the browser to hang up', () => page.site.arrivals.every(({ aborted }) => aborted));
    });

    test('is not made when no time is left', async () => {
      const { error } = await page.call(way, '/answer', 0);
      expect(error).toEqual({ name: 'DeadlineExceededError', exceeded: true });
      expect(page.site.arrivals).toEqual([]);
    });
  });

  if (unbound.length > 0) {
    test.each(unbound)('a call %s has lost the deadline', async (way) => {
      expect(await page.call(way, '/answer', 300)).toMatchObject({ text: 'answered' });
      expect(page.site.arrivals.map(({ field }) => field)).toEqual([undefined]);
    });
  }

  describe('a call to another origin', () => {
    // A new one for each test: the browser remembers what an origin allows.
    let other: Site;
    beforeEach(async () => {
      other = new Site();
      await other.listen();
    });
    afterEach(() => other.close());

    test('takes the budget along where the server lets it', async () => {
      other.allowedFields = 'timebudget, traceparent, baggage';
      expect(await page.call(AT_ONCE, other.url('/answer'), 5000)).toMatchObject({ text: 'answered' });
      expect(other.arrivals.map(({ method }) => method)).toEqual(['OPTIONS', 'GET']);
      expect(other.arrivals[1]?.field).toMatch(/^\d+$/);
    });

    test('fails where the server does not let it: the browser does not even send it', async () => {
      other.allowedFields = 'traceparent, baggage';
      const { error } = await page.call(AT_ONCE, other.url('/answer'), 5000);
      expect(error).toEqual({ name: 'TypeError', exceeded: false });
      expect(other.arrivals.map(({ method }) => method)).toEqual(['OPTIONS']);
      expect(page.messages.splice(0).join()).toContain('timebudget is not allowed by Access-Control-Allow-Headers');
    });
  });
});

import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { CallResult, Way } from './call-result.js';
import { Site } from './site.js';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
// No sandbox: as root, as in CI, Chromium has none. The others: it talks to nobody but our pages.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function startBrowser(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) throw new Error(`no Chromium at ${EXECUTABLE}: run test/browser/install.sh`);
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/** A page with a script, and the site that it came from. */
export class OpenPage {
  /** What the page has reported: errors that nobody caught, and messages. */
  readonly messages: string[] = [];

  private constructor(
    readonly site: Site,
    private readonly page: Page,
  ) {
    page.on('pageerror', (error) => this.messages.push(String(error)));
    page.on('console', (message) => this.messages.push(message.text()));
  }

  static async open(browser: Browser, script: string): Promise<OpenPage> {
    const site = new Site(script);
    await site.listen();
    const opened = new OpenPage(site, await browser.newPage());
    await opened.page.goto(site.url('/'));
    return opened;
  }

  /** Makes a call in the page, for which there are `ms`. */
  call(way: Way, url: string, ms: number): Promise<CallResult> {
    return this.page.evaluate(
      ([way, url, ms]) =>
        (globalThis as unknown as { call(way: Way, url: string, ms: number): Promise<CallResult> }).call(way, url, ms),
      [way, url, ms] as const,
    );
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.site.close();
  }
}

import { type Outcome, UndiciApp } from './app.js';
import { Origin } from './origin.js';

// Other formats than ours.

const origin = new Origin();
const lines = (field: string) => origin.lines(field);
const budgets = () => lines('connect-timeout-ms').map((values) => Number(values));
const timesLeft = () => lines('x-deadline').map((values) => Date.parse(String(values)) - Date.now());

describe.each<[string, ('deadline' | 'undici')[]]>([
  ['alone', ['deadline']],
  ['before another instrumentation', ['deadline', 'undici']],
  ['after another one', ['undici', 'deadline']],
])('%s', (_, instrumentations) => {
  const app = new UndiciApp({ instrumentations, inject: ['connectTimeoutMs', 'xDeadline'] });

  test.each(['fetch', 'undici.request'])(
    '%s carries each of them once, in place of the caller’s own',
    async (transport) => {
      const headers = { 'Connect-Timeout-Ms': '90000', 'x-deadline': '2030-01-01T00:00:00Z' };
      await app.call({ transport, url: origin.url('/answer'), scope: [['timeout', 5000]], headers });
      const [first = 0] = budgets();
      expect(first).toBeGreaterThan(3000);
      expect(first).toBeLessThanOrEqual(5000);
      expect(lines('x-deadline')).toEqual([[expect.stringMatching(/^20\S+Z$/)]]);
      expect(timesLeft()[0]).toBeLessThanOrEqual(5000);
      expect(lines('timebudget')).toEqual([undefined]);
    },
  );

  test.each(['fetch', 'undici.request'])("%s sends a shorter limit of the caller's own, once", async (transport) => {
    const headers = { 'Connect-Timeout-Ms': '150', 'x-deadline': new Date(Date.now() + 150).toISOString() };
    await app.call({ transport, url: origin.url('/answer'), scope: [['timeout', 5000]], headers });
    expect(lines('connect-timeout-ms')).toEqual([['150']]);
    expect(lines('x-deadline')).toEqual([[expect.stringMatching(/^20\S+Z$/)]]);
    expect(timesLeft()[0]).toBeLessThanOrEqual(150);
  });

  test('a call that waits for a connection tells what is left when it is sent', async () => {
    await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
    const calls = [1, 2].map(() => ({
      transport: 'undici.request',
      dispatcher: 'pool',
      url: origin.url('/after/1000'),
    }));
    const outcomes = await app.ask<Outcome[]>('together', { scope: [['timeout', 5000]], calls });
    expect(outcomes.map(({ text }) => text)).toEqual(['answered', 'answered']);
    const [first = 0, second = 0] = budgets();
    expect(first - second).toBeGreaterThan(900);
    // The deadline is the same instant for both.
    const [deadline = 0, sameDeadline = 0] = timesLeft();
    expect(Math.abs(sameDeadline - deadline)).toBeLessThan(500);
    await app.ask('close', 'pool');
  });
});

import fc from 'fast-check';
import { parseRoutes, routeOptions } from '../../src/register/routes.js';

const settings = fc.oneof(
  fc.constant('ignore'),
  fc
    .record(
      {
        budget: fc.oneof(
          fc.constant('none'),
          fc.integer({ min: 1, max: 1e6 }).map((ms) => `${ms}ms`),
        ),
        cancel: fc.constantFrom('on', 'off'),
        answer: fc.constantFrom('on', 'off'),
      },
      { requiredKeys: [] },
    )
    .map((record) =>
      Object.entries(record)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
    )
    .filter((text) => text !== ''),
);
const path = fc.array(fc.constantFrom('/', 'a', 'b', '*'), { maxLength: 8 }).map((parts) => `/${parts.join('')}`);
const method = fc.constantFrom('', 'GET ', 'POST ');
const rule = fc.tuple(method, path, settings).map(([verb, where, what]) => `${verb}${where} ${what}`);

const request = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  url: fc.array(fc.constantFrom('/', 'a', 'b', 'c'), { maxLength: 8 }).map((parts) => `/${parts.join('')}`),
  headers: fc.constant({}),
});

/** As the documentation has it. */
function isMatch(text: string, { method, url }: { method: string; url: string }): boolean {
  const [, verb, pattern] = /^(?:([A-Z]+) )?(\S+) /.exec(text) as RegExpExecArray;
  const expression = new RegExp(`^${(pattern as string).split('*').join('.*')}$`);
  return (verb === undefined || verb === method) && expression.test(url);
}

test('the first rule that matches applies, whole', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), request, (texts, given) => {
      const complaints: string[] = [];
      const rules = parseRoutes(texts.join(';'), (bad) => complaints.push(bad));
      expect(complaints).toEqual([]);
      const server = routeOptions(rules, { defaultBudget: 7, answer: true }) as Record<string, unknown>;
      const ask = (name: string, otherwise: unknown) => {
        const option = server[name];
        return typeof option === 'function' ? option(given) : (option ?? otherwise);
      };
      const first = texts.find((text) => isMatch(text, given)) ?? '';
      const settingOf = (key: string) => new RegExp(` ${key}=(\\S+)`).exec(first)?.[1];
      const budget = settingOf('budget');
      expect(ask('ignore', false)).toBe(first.endsWith(' ignore'));
      expect(ask('cancelOnDisconnect', true)).toBe(settingOf('cancel') !== 'off');
      expect(ask('answer', true)).toBe(settingOf('answer') !== 'off');
      const ms = budget === undefined ? 7 : budget === 'none' ? undefined : Number.parseInt(budget, 10);
      expect(ask('defaultBudget', 7)).toBe(ms);
    }),
  );
});

test('any text gives rules, and a complaint for each part that is none', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    rule,
    fc.constantFrom(';', ' ', '/', '=', '*'),
  );
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 40 }), request, (parts, given) => {
      const text = parts.join('');
      let complaints = 0;
      const rules = parseRoutes(text, () => complaints++);
      const count = text.split(';').filter((part) => part.trim() !== '').length;
      expect(rules.length + complaints).toBe(Math.min(count, 65));
      for (const ask of Object.values(routeOptions(rules, {}))) if (typeof ask === 'function') ask(given as never);
    }),
  );
});

test('no pattern and no path takes long', () => {
  const rules = Array.from({ length: 64 }, (_, i) => `/${'*a'.repeat(200)}${i}* ignore`).join(';');
  const { ignore } = routeOptions(
    parseRoutes(rules, () => {}),
    {},
  );
  const start = performance.now();
  expect(ignore?.({ method: 'GET', url: `/${'a'.repeat(8_000)}`, headers: {} } as never)).toBe(false);
  expect(performance.now() - start).toBeLessThan(500);
});

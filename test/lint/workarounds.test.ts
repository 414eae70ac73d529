import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const SRC = join(ROOT, 'src');
const TESTS = join(ROOT, 'test/workarounds');
/** WORKAROUND <library> <versions>: <what is wrong> (<address of the issue>); remove when <condition> */
const FORM = /^WORKAROUND \S+ [^:]+: .+ \((https:\/\/\S+|no issue known)\); remove when .+/;

/** From the word WORKAROUND to the end of its paragraph, on one line, without the marks of a comment. */
function workarounds(source: string): string[] {
  const lines = source.split('\n').map((line) => line.trim().replace(/^(\/\*\*?|\*\/|\*|\/\/)\s*/, ''));
  return lines.flatMap((line, i) => {
    const start = line.indexOf('WORKAROUND');
    if (start < 0) return [];
    const end = lines.findIndex((other, j) => j > i && other === '');
    return [[line.slice(start), ...lines.slice(i + 1, end < 0 ? undefined : end)].join(' ')];
  });
}

const found = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.c?ts$/.test(name))
  .flatMap((name) => workarounds(readFileSync(join(SRC, name), 'utf8')).map((text) => ({ name, text })));

test('there are some', () => {
  expect(found.length).toBeGreaterThan(0);
});

test.each(found)('$name: a workaround names its cause, its issue and its end', ({ text }) => {
  expect(text).toMatch(FORM);
});

/** The files whose workarounds test/workarounds/ has a test for. */
const covered = new Set(
  readdirSync(TESTS)
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => [...readFileSync(join(TESTS, name), 'utf8').matchAll(/covers: '(src\/[^']+)'/g)])
    .map(([, file]) => file),
);

test('each workaround has a test that fails when it is no longer needed, and only workarounds have one', () => {
  const files = new Set(found.map(({ name }) => `src/${name}`));
  expect([...covered].sort()).toEqual([...files].sort());
});

test.each([
  ['without an issue', 'WORKAROUND node 20: no close; remove when 20 is no longer supported'],
  ['without an end', 'WORKAROUND node 20: no close (no issue known)'],
  ['without versions', 'WORKAROUND node: no close (no issue known); remove when 20 is gone'],
])('another form is refused: %s', (_, text) => {
  expect(text).not.toMatch(FORM);
});

import { isLeftAlone } from '../../../src/instrumentation/databases/pg/left-alone.js';
import { statementsIn } from '../../../src/instrumentation/databases/sql-statements.js';

test.each<[string, string[]]>([
  ['select 1', ['SELECT 1']],
  [' select\n\t1 ; ; commit;', ['SELECT 1', 'COMMIT']],
  ['-- a; b\nselect 1 /* ; c */', ['SELECT 1']],
  ['/* a /* b */ c */ commit', ['C', 'COMMIT']],
  ['/* /* */ */ commit', ['COMMIT']],
  ['select \';commit\' || "a;b"', ["SELECT '' || ''"]],
  ["select 'it''s; commit'", ["SELECT ''"]],
  ['do $$ begin; commit; end $$', ["DO ''"]],
  ['do $a$ $b$ ; $b$ $a$; commit', ["DO ''", 'COMMIT']],
  ['select $1, $2', ['SELECT $1, $2']],
  ['(select 1)', ['SELECT 1)']],
  ['', []],
])('%j', (text, statements) => {
  expect(statementsIn(text)).toEqual(statements);
});

test('what a backslash may hide is found', () => {
  expect(statementsIn("select E'\\''; commit; --'")).toContain('COMMIT');
});

test.each(["select 'commit'", 'select * from resets', 'do $$ begin commit; end $$', 'begin', 'settle', undefined])(
  'not left alone: %j',
  (text) => {
    expect(isLeftAlone(text)).toBe(false);
  },
);

test('a long text is read in time', () => {
  const started = performance.now();
  for (const part of ["'", '"', '$a$', '/*', '--', '(', "''; ", '$a$b$']) statementsIn(part.repeat(20_000));
  expect(performance.now() - started).toBeLessThan(5_000);
});

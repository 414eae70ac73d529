import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = join(__dirname, '../..');
const DECLARATIONS = join(PACKAGE, 'test/package/public-declarations');

const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

const pages = readdirSync(join(PACKAGE, 'docs')).map((page) => read(PACKAGE, 'docs', page));
const words = new Set([read(PACKAGE, 'README.md'), ...pages].join('\n').match(/\w+/g));

/** What an entry point exports, by its snapshot of the public declarations. */
function exportsOf(snapshot: string): string[] {
  const [exported = ''] = read(DECLARATIONS, snapshot).split('// Not exported');
  const declarations = exported.matchAll(
    /^export (?:declare )?(?:abstract )?(?:class|const|function|interface|type) (\w+)/gm,
  );
  return Array.from(declarations, ([, name = '']) => name);
}

const entries = ['index', 'instrumentation', 'telemetry'].map((name): [string, string[]] => [
  name,
  exportsOf(`${name}.d.ts.txt`),
]);

test.each(entries)('%s: the README or a page of docs/ names everything that it exports', (_, names) => {
  expect(names).not.toEqual([]);
  expect(names.filter((name) => !words.has(name))).toEqual([]);
});

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '../..');

interface Finding {
  readonly category: string;
  readonly location: { readonly path: string };
}

/**
 * Lints files that are in no repository, with this one's configuration, in one process.
 *
 * @param files their sources by their paths below the root
 * @returns for each path the rules that it breaks
 */
export function lint(files: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'deadline-lint-'));
  try {
    copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    // The configuration asks for both; an ignore file that is empty is taken for none.
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, '.gitignore'), 'node_modules\n');
    for (const [path, source] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), source);
    }
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', 'src'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
    if (!stdout.startsWith('{')) throw new Error(`the linter has not run: ${stderr}`);
    const { diagnostics }: { diagnostics: Finding[] } = JSON.parse(stdout);
    const found = new Map(Array.from(files.keys(), (path): [string, string[]] => [path, []]));
    for (const { category, location } of diagnostics) found.get(location.path)?.push(category);
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// npm run build
// Compiles src/ twice into dist/: as ES modules and as CommonJS. Also brings src/version.ts up to date.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

writeVersion();
rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
const succeeded = await Promise.all(['tsconfig.esm.json', 'tsconfig.cjs.json'].map(compile));
if (succeeded.includes(false)) process.exit(1);
// package.json says that this package's .js files are ES modules, which those in dist/cjs are not.
writeFileSync(join(ROOT, 'dist/cjs/package.json'), '{"type":"commonjs"}\n');

/** package.json is the one place where the version is edited. The file is left alone when it is right. */
function writeVersion() {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const file = join(ROOT, 'src/version.ts');
  const source = `/** The version of this package: \`npm run build\` copies it from package.json. */\nexport const VERSION = '${version}';\n`;
  if (readFileSync(file, 'utf8') !== source) writeFileSync(file, source);
}

async function compile(project) {
  const compiler = spawn(process.execPath, [TSC, '-p', project], { cwd: ROOT, stdio: 'inherit' });
  const [code] = await once(compiler, 'exit');
  return code === 0;
}

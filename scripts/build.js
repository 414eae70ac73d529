// npm run build
// Compiles src/ into dist/: as ES modules, where the types are checked, and as CommonJS, whose declarations are the same
// and whose modules need nothing but another syntax. Also brings src/version.ts up to date.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

writeVersion();
rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
const compiled = compile('tsconfig.esm.json');
transpile('tsconfig.cjs.json');
if (!(await compiled)) process.exit(1);
removeHiddenDeclarations(join(ROOT, 'dist/esm'));
cpSync(join(ROOT, 'dist/esm'), join(ROOT, 'dist/cjs'), { recursive: true, filter: isFolderOrDeclaration });
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

/** Compiles file by file, as `isolatedModules` promises that one can. */
function transpile(project) {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail };
  const { options, fileNames, errors } = ts.getParsedCommandLineOfConfigFile(join(ROOT, project), {}, host);
  for (const error of errors) fail(error);
  for (const file of fileNames) {
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), { fileName: file, compilerOptions: options });
    const output = join(options.outDir, relative(options.rootDir, file).replace(/ts$/, 'js'));
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, outputText);
  }
}

/** Removes the declarations that no entry point leads to: nobody can import them, and they are a third of all files. */
function removeHiddenDeclarations(folder) {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.values(exports).map((entry) => entry.default?.types);
  // The loop over a set visits what is added meanwhile.
  const reached = new Set(entries.filter(Boolean).map((types) => join(ROOT, types)));
  for (const file of reached) {
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
    const own = importedFiles.filter(({ fileName }) => fileName.startsWith('.'));
    for (const { fileName } of own) reached.add(join(dirname(file), fileName.replace(/js$/, 'd.ts')));
  }
  for (const name of readdirSync(folder, { recursive: true })) {
    const file = join(folder, name);
    if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
}

function fail({ messageText }) {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
}

function isFolderOrDeclaration(path) {
  return /\.d\.c?ts$/.test(path) || statSync(path).isDirectory();
}

// node scripts/public-declarations.js [--write]
// What a user's compiler sees of each entry point of the built package, as text: the declarations that it exports, and
// those which these need. Comments are left out, and where something is declared, so that a file may be moved.
// Prints them as JSON, by the name of their file; with --write it writes the files that test/package compares them with.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');
const SNAPSHOTS = join(ROOT, 'test/package/public-declarations');
const BUILT = join(ROOT, 'dist/esm').replaceAll('\\', '/');

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

const texts = Object.fromEntries(entryPoints().map(({ name, types }) => [`${name}.d.ts.txt`, declarationsOf(types)]));
if (process.argv.includes('--write')) {
  rmSync(SNAPSHOTS, { recursive: true, force: true });
  mkdirSync(SNAPSHOTS);
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(SNAPSHOTS, file), text);
} else {
  console.log(JSON.stringify(texts));
}

function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([, conditions]) => typeof conditions === 'object')
    .map(([path, conditions]) => ({ name: path.slice(2) || 'index', types: join(ROOT, conditions.default.types) }));
}

function declarationsOf(file) {
  // Our own files alone: of what others declare the name is enough, whichever version is installed.
  const options = { module: ts.ModuleKind.NodeNext, noResolve: true, noLib: true, types: [] };
  const program = ts.createProgram(builtFiles(), options);
  const source = program.getSourceFile(file);
  if (source === undefined) throw new Error(`${file} is not there: npm run build`);
  const checker = program.getTypeChecker();
  const entry = checker.getSymbolAtLocation(source);
  const exported = new Map((entry ? checker.getExportsOfModule(entry) : []).map((one) => [original(one), one.name]));

  const needed = new Set(exported.keys());
  const imported = new Set();
  // What is added while this goes on is visited as well.
  for (const symbol of needed) for (const statement of statementsOf(symbol)) visit(statement);

  const isExported = (symbol) => exported.has(symbol);
  const [others, own] = [[...needed].filter((symbol) => !isExported(symbol)), [...needed].filter(isExported)];
  const sections = [
    [...imported].sort().join('\n'),
    ...byName(own, (symbol) => exported.get(symbol)),
    others.length > 0 ? '// Not exported, but needed by what is:' : '',
    ...byName(others, ({ name }) => name),
  ];
  const text = sections.filter((section) => section !== '').join('\n\n');
  return `${text || '// Exports nothing.'}\n`;

  function visit(node) {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol !== undefined) need(symbol);
    }
    ts.forEachChild(node, visit);
  }

  function need(symbol) {
    const foreign = symbol.declarations?.map(packageOf).find((name) => name !== undefined);
    if (foreign !== undefined) imported.add(`import { ${symbol.name} } from '${foreign}';`);
    else if (statementsOf(original(symbol)).length > 0) needed.add(original(symbol));
  }

  function original(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }
}

function builtFiles() {
  const names = readdirSync(BUILT, { recursive: true }).filter((name) => /\.d\.c?ts$/.test(name));
  return names.map((name) => join(BUILT, name));
}

/** From which package an import takes its name; undefined when it is one of our files, or no import. */
function packageOf(declaration) {
  if (!ts.isImportSpecifier(declaration)) return undefined;
  const { text } = declaration.parent.parent.parent.moduleSpecifier;
  return text.startsWith('.') ? undefined : text;
}

/** The statements at the top of one of our files that declare a symbol: none of a member, a parameter, somebody else's. */
function statementsOf({ declarations = [] }) {
  return declarations
    .map((declaration) => (ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration))
    .filter(({ parent }) => parent && ts.isSourceFile(parent) && parent.fileName.startsWith(`${BUILT}/`));
}

function byName(symbols, nameOf) {
  return symbols
    .map((symbol) => ({ name: nameOf(symbol), text: statementsOf(symbol).map(print).join('\n') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ text }) => text);
}

/** Without private members, which no user can name, and without the paths of our own files. */
function print(statement) {
  const text = printer.printNode(ts.EmitHint.Unspecified, statement, statement.getSourceFile());
  return text.replace(/^ +private (?!constructor).*\n/gm, '').replace(/import\("\.[^"]*"\)\./g, '');
}

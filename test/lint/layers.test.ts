import { lint } from './linter.js';

const RESTRICTED = 'lint/style/noRestrictedImports';
const NO_PROTOCOL = 'lint/style/useNodejsImportProtocol';
const CYCLE = 'lint/suspicious/noImportCycles';

type Row = readonly [folder: string, specifier: string];

const TRANSPORTS = ['http', 'http2', 'undici', 'grpc'];
/** One folder for each driver. */
const DRIVERS = ['pg'];
/** What all transports share. */
const SHARED = ['hooks', 'inbound', 'outbound', 'lost-context'];
const WITHOUT_NODE = ['src/context', 'src/propagation', 'src/telemetry', 'src/wire', 'src/time'];
const BELOW_INDEX = [
  'src/context',
  'src/instrumentation',
  'src/propagation',
  'src/register',
  'src/telemetry',
  'src/wire',
];

const REFUSED: Readonly<Record<string, readonly Row[]>> = {
  'wire and context do not know each other': [
    ['src/wire', '../context/deadline.js'],
    ['src/wire/formats', '../../context/deadline.js'],
    ['src/context', '../wire/text.js'],
    ['src/context/scope', '../../wire/text.js'],
  ],
  'wire is pure': [
    ['src/wire', '../errors.js'],
    ['src/wire', '@opentelemetry/api'],
    ['src/wire/formats', '../../events.js'],
    ['src/wire/formats', '../baggage/scan.js'],
    ['src/wire/trace-context', '../baggage/scan.js'],
  ],
  'time imports its own folder alone': [
    ['src/time', '../errors.js'],
    ['src/time', '@opentelemetry/api'],
  ],
  'what is above context is out of its sight': ['propagation', 'instrumentation', 'telemetry', 'register'].map(
    (layer): Row => ['src/context/scope', `../../${layer}/planted.js`],
  ),
  'propagation runs without an instrumentation': ['instrumentation', 'telemetry', 'register'].map(
    (layer): Row => ['src/propagation/baggage', `../../${layer}/planted.js`],
  ),
  'telemetry sees context and events': ['wire', 'propagation', 'instrumentation', 'register'].map(
    (layer): Row => ['src/telemetry', `../${layer}/planted.js`],
  ),
  'transports do not import each other': TRANSPORTS.flatMap((importer) =>
    TRANSPORTS.filter((other) => other !== importer).flatMap((other): Row[] => [
      [`src/instrumentation/${importer}`, `../${other}/client.js`],
      [`src/instrumentation/${importer}/deeper`, `../../${other}/client.js`],
    ]),
  ),
  'what the transports share knows none of them': SHARED.flatMap((folder) =>
    TRANSPORTS.map((transport): Row => [`src/instrumentation/${folder}`, `../${transport}/client.js`]),
  ),
  'drivers import no transport, and no other driver': DRIVERS.flatMap((driver) => [
    ...TRANSPORTS.map((transport): Row => [`src/instrumentation/databases/${driver}`, `../../${transport}/client.js`]),
    [`src/instrumentation/databases/${driver}`, '../another/client.js'],
  ]),
  'what the drivers share knows none of them, and no transport': [
    ...DRIVERS.map((driver): Row => ['src/instrumentation/databases', `./${driver}/client.js`]),
    ...TRANSPORTS.map((transport): Row => ['src/instrumentation/databases', `../${transport}/client.js`]),
  ],
  'transports and what they share know no driver': [...SHARED, ...TRANSPORTS].flatMap((folder): Row[] => [
    [`src/instrumentation/${folder}`, '../databases/hold.js'],
    [`src/instrumentation/${folder}`, '../databases/pg/client.js'],
  ]),
  'what is on the wire is hidden from the instrumentation': ['', ...SHARED, ...TRANSPORTS, 'databases'].map(
    (folder): Row => [`src/instrumentation/${folder}`, '../../wire/formats/timebudget.js'],
  ),
  'register puts propagation and instrumentation together, and sees nothing below them': [
    ['src/register', '../wire/text.js'],
    ['src/register', '../context/deadline.js'],
  ],
  'node: is imported in instrumentation and register alone': WITHOUT_NODE.flatMap((folder): Row[] => [
    [folder, 'node:events'],
    [folder, 'node:fs/promises'],
  ]),
  'nothing imports index.ts': [
    ...BELOW_INDEX.map((folder): Row => [folder, '../index.js']),
    ...[...SHARED, ...TRANSPORTS].flatMap((folder): Row[] => [
      [`src/instrumentation/${folder}`, '../index.js'],
      [`src/instrumentation/${folder}`, '../../index.js'],
      [`src/instrumentation/${folder}/deeper`, '../../../index.js'],
    ]),
  ],
  'nothing imports register': ['', ...SHARED, ...TRANSPORTS, 'databases'].map(
    (folder): Row => [`src/instrumentation/${folder}`, '../../register/environment.js'],
  ),
};

/** Files that everybody may import. */
const LEAVES = ['errors', 'events', 'check-argument', 'private-field', 'private-keys', 'version'].map(
  (name) => `src/${name}.ts`,
);

const ALLOWED: readonly Row[] = [
  ['src/wire', './text.js'],
  ['src/wire/formats', '../number.js'],
  ['src/context', '../time/clock.js'],
  ['src/context/scope', '../../events.js'],
  ['src/context', '@opentelemetry/api'],
  ['src/propagation', '../wire/formats/timebudget.js'],
  ['src/propagation/baggage', '../../context/deadline.js'],
  ['src/telemetry', '../context/context-deadline.js'],
  ...['', '/http', '/hooks'].map((folder): Row => [`src/instrumentation${folder}`, 'node:http']),
  ['src/instrumentation', './http/client.js'],
  ['src/instrumentation', '../telemetry/deadline-metrics.js'],
  ['src/instrumentation/http', '../outbound/outbound-call.js'],
  ['src/instrumentation/grpc', '../../propagation/inbound.js'],
  ['src/instrumentation', './databases/pg/client.js'],
  ['src/instrumentation/databases', '../outbound/outbound-call.js'],
  ['src/instrumentation/databases/pg', '../hold.js'],
  ['src/instrumentation/databases/pg', '../../hooks/patch-method.js'],
  ['src/instrumentation/databases/pg', 'node:net'],
  ['src/register', '../instrumentation/index.js'],
  ['src/register', 'node:process'],
];

const files = new Map<string, string>();

/** Plants a file, and returns its path. */
function plant(path: string, source: string): string {
  files.set(path, source);
  return path;
}

const reExport = (specifier: string) => `export * from '${specifier}';\n`;
const plantRow = ([folder, specifier]: Row): string => {
  return plant(`${folder.replace(/\/$/, '')}/planted-${files.size}.ts`, reExport(specifier));
};

const refused = Object.entries(REFUSED).map(([rule, rows]) => ({
  rule,
  rows: rows.map((row) => ({ row, path: plantRow(row) })),
}));
const leaves = LEAVES.map((path) =>
  plant(path, `${reExport('./context/deadline.js')}${reExport('@opentelemetry/api')}`),
);
const index = plant(
  'src/index.ts',
  ['node:events', './instrumentation/index.js', './wire/text.js'].map(reExport).join(''),
);
const allowed = ALLOWED.map((row) => ({ row, path: plantRow(row) }));
const forms = Object.entries({
  'for its effects': "import '../wire/text.js';\n",
  'of a type': "import type { Text } from '../wire/text.js';\nexport type Again = Text;\n",
  dynamic: "export const text = await import('../wire/text.js');\n",
}).map(([form, source]) => ({ form, path: plant(`src/context/form-${files.size}.ts`, source) }));
const bare = plantRow(['src/context', 'events']);
const circle = ['one', 'two', 'three'].map((name, i, names) => {
  return plant(`src/context/${name}.ts`, reExport(`./${names[(i + 1) % names.length]}.js`));
});

let found: ReturnType<typeof lint>;
beforeAll(() => {
  found = lint(files);
});

test.each(refused)('refused: $rule', ({ rows }) => {
  expect(rows.length).toBeGreaterThan(0);
  const missed = rows.filter(({ path }) => !found.get(path)?.includes(RESTRICTED));
  expect(missed.map(({ row }) => row)).toEqual([]);
});

test.each(leaves)('%s imports nothing', (path) => {
  expect(found.get(path)).toEqual([RESTRICTED, RESTRICTED]);
});

test('the index has nothing that needs Node', () => {
  expect(found.get(index)).toEqual([RESTRICTED, RESTRICTED]);
});

test.each(forms)('refused in every form of an import: $form', ({ path }) => {
  expect(found.get(path)).toContain(RESTRICTED);
});

test('a module of Node without its protocol is refused, because the layers are told apart by it', () => {
  expect(found.get(bare)).toEqual([NO_PROTOCOL]);
});

test('a cycle is refused in each of its files', () => {
  expect(circle.map((path) => found.get(path))).toEqual(circle.map(() => [CYCLE]));
});

test('what a layer may import is accepted', () => {
  expect(allowed.map(({ row, path }) => [...row, found.get(path)])).toEqual(ALLOWED.map((row) => [...row, []]));
});

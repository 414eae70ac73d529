import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeBinary } from '../matrix/node-binary.cjs';

const ROOT = join(__dirname, '../..');
const pinned = (folder: string): Record<string, string> =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')).devDependencies;

/** A line of OpenTelemetry, as a user installs it. */
export interface Line {
  readonly name: string;
  /** The path of a Node that it runs on. */
  readonly node: () => string;
  /** What is installed beside this package: names and versions. */
  readonly packages: Readonly<Record<string, string>>;
}

const { typescript, '@types/node': types } = pinned('.');

function line(name: string, node: () => string, pins: Record<string, string>, autoInstrumentations: string): Line {
  const packages: Record<string, string> = {
    '@opentelemetry/auto-instrumentations-node': autoInstrumentations,
    '@types/node': String(types),
    typescript: String(typescript),
  };
  for (const each of ['api', 'core', 'sdk-node']) {
    packages[`@opentelemetry/${each}`] = String(pins[`@opentelemetry/${each}`]);
  }
  return { name, node, packages };
}

export const LINES: readonly Line[] = [
  line('OpenTelemetry 2.x', () => process.execPath, pinned('.'), '0.81.2'),
  line('OpenTelemetry 3.x', () => nodeBinary('24.21.0'), pinned('test/matrix/otel-3'), '0.82.0'),
];

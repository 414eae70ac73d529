/** That of the default install, which `npm test` runs on where it is the Node at hand. */
const DEFAULT_NODE = '20.20.2';

/**
 * What the suites run on, beside the default install (Node 20 with OpenTelemetry 2.x), which is `npm test`.
 * `line` is a folder here, whose package.json pins that line's packages, or 'otel-2': the root's own.
 */
export const combinations = [
  ...(process.versions.node.startsWith('20.') ? [] : [{ name: 'node20-otel2', node: DEFAULT_NODE, line: 'otel-2' }]),
  { name: 'node22-otel3', node: '22.23.3', line: 'otel-3' },
  { name: 'node24-otel3', node: '24.21.0', line: 'otel-3' },
  { name: 'node26-otel3', node: '26.12.1', line: 'otel-3' },
  { name: 'node24-otel2', node: '24.21.0', line: 'otel-2' },
];

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeadlineInstrumentation } from '../src/instrumentation/index.js';
import { VERSION } from '../src/version.js';

const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));

test('the version in the source is that of package.json; `npm run build` copies it', () => {
  expect(VERSION).toBe(version);
});

test('telemetry names that version', () => {
  expect(new DeadlineInstrumentation({ enabled: false }).instrumentationVersion).toBe(version);
});

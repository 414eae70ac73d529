// Adds up the results that jest has written into a folder, in the one form that CI reads. What was skipped is named above it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, exitCode] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const file of readdirSync(folder)) {
  const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  passed += result.numPassedTests;
  // A suite that could not even start holds no test that failed.
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  for (const { assertionResults } of result.testResults) {
    for (const { status, fullName } of assertionResults) if (status === 'pending') console.log(`skipped: ${fullName}`);
  }
}
// A step that failed without a test: lint, types, the package, a benchmark, the demo.
if (exitCode !== '0' && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);

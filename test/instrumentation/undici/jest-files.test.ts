import { join } from 'node:path';
import { ChildProcess } from '../../support/processes/child-process.js';

test('in each of several jest files in one worker, calls carry the budget', async () => {
  const config = {
    rootDir: join(__dirname, 'fixtures/jest'),
    testMatch: ['**/*.jest-fixture.cjs'],
    moduleFileExtensions: ['js', 'cjs', 'json'],
    transform: {},
  };
  const jest = ChildProcess.spawn(process.execPath, {
    args: [require.resolve('jest/bin/jest'), '--config', JSON.stringify(config), '--runInBand', '--json'],
  });
  const code = await jest.close();
  const report = JSON.parse(jest.stdout);
  expect(report.testResults.map(({ message }: { message: string }) => message)).toEqual(['', '', '']);
  expect({ code, passed: report.numPassedTests }).toEqual({ code: 0, passed: 6 });
});

import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // The source's imports end in .js, as ES modules need; ts-jest compiles to CommonJS from the .ts files.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.jest.json' }] },
  // Twice as many as there are cores: many tests wait for processes that they have started. jest itself would leave one
  // core alone. With three a deadline of 150 ms is over, on a busy machine, before its call is made.
  maxWorkers: 2 * availableParallelism(),
  testSequencer: './test/support/slow-files-first.cjs',
  // Only for what hangs: a machine that builds other things at the same time stalls for seconds.
  testTimeout: 60_000,
};

import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // The source's imports end in .js, as ES modules need; ts-jest compiles to CommonJS from the .ts files.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.jest.json' }] },
  // Three times as many as there are cores: most of a worker's time, its tests wait for deadlines and for processes that
  // they have started. jest itself would leave one core alone.
  maxWorkers: 3 * availableParallelism(),
  testSequencer: './test/support/slow-files-first.cjs',
  // Only for what hangs: a machine that builds other things at the same time stalls for seconds.
  testTimeout: 60_000,
};

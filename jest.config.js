/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // The source's imports end in .js, as ES modules need; ts-jest compiles to CommonJS from the .ts files.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.jest.json' }] },
  // All cores: many tests wait for processes that they have started. jest itself would leave one core alone, and would
  // run all files one after the other where there are two.
  maxWorkers: '100%',
  testSequencer: './test/support/slow-files-first.cjs',
  // Only for what hangs: a machine that builds other things at the same time stalls for seconds.
  testTimeout: 60_000,
};

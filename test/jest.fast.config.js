import base from '../jest.config.js';

/**
 * The suites for the edit loop, in some seconds: those that need neither the built package nor a process of its own.
 *
 * @type {import('jest').Config}
 */
export default {
  ...base,
  rootDir: '..',
  testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/test/{context,propagation,properties,time,wire}/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/context/process\\.test\\.ts$',
    '/context/scope/garbage\\.test\\.ts$',
    '/context/shared-garbage\\.test\\.ts$',
    '/time/clock\\.test\\.ts$',
  ],
};

import base from '../../jest.config.js';

/** The tests with programs in other languages, which `npm test` leaves out: they need Go and Python's gRPC on the machine. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['**/*.languages-test.ts'], testTimeout: 60_000 };

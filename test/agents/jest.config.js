import base from '../../jest.config.js';

/** Beside APM agents of others, which `npm test` leaves out: test/agents/install.sh installs them. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['**/*.agents-test.ts'], testTimeout: 60_000 };

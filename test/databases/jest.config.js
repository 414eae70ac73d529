import base from '../../jest.config.js';

/** The tests with real databases, which `npm test` leaves out: they need PostgreSQL and PgBouncer on the machine. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['**/*.databases-test.ts'], testTimeout: 120_000 };

import base from '../../jest.config.js';

/** The tests against real proxies, which `npm test` leaves out: they need nginx and haproxy on the machine. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['**/*.proxy-test.ts'], testTimeout: 30_000 };

import base from '../../jest.config.js';

/** The tests in a real browser, which `npm test` leaves out: they need Chromium on the machine. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['**/*.browser-test.ts'], testTimeout: 60_000 };

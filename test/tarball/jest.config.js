import base from '../../jest.config.js';

/** The package as npm delivers it, which `npm test` leaves out: it installs from the registry, for some minutes. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['**/*.tarball-test.ts'], testTimeout: 60_000 };

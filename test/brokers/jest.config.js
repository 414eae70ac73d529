import base from '../../jest.config.js';

/** The tests with real brokers, which `npm test` leaves out: they need RabbitMQ and Redis on the machine. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['**/*.brokers-test.ts'], testTimeout: 60_000 };

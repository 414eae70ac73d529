import { durationMs } from './duration-ms.js';

/**
 * `x-request-timeout-ms: 7984`, as in Misk and in many hand-written services. Read and written as {@link durationMs}.
 */
export const requestTimeoutMs = /* @__PURE__ */ durationMs('x-request-timeout-ms');

import { durationMs } from './duration-ms.js';

/** `x-request-timeout-ms: 7984`, as Misk and many hand-written services have it. Read and written as {@link durationMs}. */
export const requestTimeoutMs = /* @__PURE__ */ durationMs('x-request-timeout-ms');

import { parseDecimal } from '../number.js';
import { deadlineFormat } from './deadline-format.js';

/**
 * `x-server-timeout: 7.984`, in seconds, from the clients of Google's APIs (google-cloud-cpp: `ServerTimeoutOption`;
 * the Gen AI SDKs: `HttpOptions.timeout`). Rounded down to whole ms; at most 10 digits before the point.
 *
 * 0 is exhausted, and an exhausted budget is sent as 0.
 */
export const serverTimeout = /* @__PURE__ */ deadlineFormat({
  field: 'x-server-timeout',
  parse: (text) => parseDecimal(text, 10, 3),
  format: (ms) => String(ms / 1000),
});

import { parseDecimal } from '../number.js';
import { deadlineFormat } from './deadline-format.js';

/**
 * `x-server-timeout: 7.984`, seconds, as the clients of Google's APIs send it (google-cloud-cpp: `ServerTimeoutOption`; the
 * Gen AI SDKs: `HttpOptions.timeout`). Rounded down to whole ms; at most 10 digits before the point.
 *
 * 0 is exhausted, and is what a spent budget is sent as.
 */
export const serverTimeout = /* @__PURE__ */ deadlineFormat({
  field: 'x-server-timeout',
  parse: (text) => parseDecimal(text, 10, 3),
  format: (ms) => String(ms / 1000),
});

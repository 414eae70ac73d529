import { parseInteger } from '../number.js';
import { deadlineFormat } from './deadline-format.js';

/**
 * Connect's `connect-timeout-ms: 7984`, at most 10 digits. (Connect protocol, section Unary-Request:
 * Timeout-Milliseconds.)
 *
 * 0 is exhausted, as in connect-go and connect-es, and an exhausted budget is sent as 0.
 */
export const connectTimeoutMs = /* @__PURE__ */ deadlineFormat({
  field: 'connect-timeout-ms',
  parse: (text) => parseInteger(text, 10),
  format: String,
});

import { parseInteger } from '../number.js';
import { deadlineFormat } from './deadline-format.js';

/**
 * YARPC's `context-ttl-ms: 7984`. (YARPC, transport/http, constants: TTLMSHeader.) At most 10 digits.
 *
 * 0 is exhausted, and an exhausted budget is sent as 0.
 */
export const contextTtlMs = /* @__PURE__ */ deadlineFormat({
  field: 'context-ttl-ms',
  parse: (text) => parseInteger(text, 10),
  format: String,
});

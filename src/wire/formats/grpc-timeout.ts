import { parseInteger } from '../number.js';
import { deadlineFormat } from './deadline-format.js';

/** The length of each unit in ms. The product with up to 8 digits is exact wherever it is a whole number. */
const UNITS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The largest number that 8 digits hold. */
const MAX_VALUE = 99_999_999;

/**
 * gRPC's `grpc-timeout: 7984m`, at most 8 digits and a unit: `H` `M` `S` `m` `u` `n`. (gRPC over HTTP/2, section
 * Requests: TimeoutValue, TimeoutUnit.) Rounded down to whole ms.
 *
 * 0 is exhausted. An exhausted budget is sent as `1n`, because that section allows positive numbers only, and Envoy and
 * Armeria read 0 as no deadline.
 *
 * Use this format for HTTP headers, of a proxy or of gRPC-Web. gRPC libraries write the field themselves, and remove it
 * before an application can read it. Calls of @grpc/grpc-js get it from `DeadlineInstrumentation`.
 */
export const grpcTimeout = /* @__PURE__ */ deadlineFormat({
  field: 'grpc-timeout',
  parse(text) {
    const value = parseInteger(text.slice(0, -1), 8);
    const unit = UNITS[text.slice(-1)];
    return value === null || unit === undefined ? null : Math.floor(value * unit);
  },
  format(ms) {
    if (ms === 0) return '1n';
    return ms > MAX_VALUE ? `${Math.floor(ms / 1000)}S` : `${ms}m`;
  },
});

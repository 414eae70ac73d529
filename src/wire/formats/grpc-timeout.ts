import { parseInteger } from '../number.js';
import { deadlineFormat } from './deadline-format.js';

/** The length of each unit in ms. (The product of up to 8 digits and a fraction here is whole where it should be.) */
const UNITS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The largest number that 8 digits hold. */
const MAX_VALUE = 99_999_999;

/**
 * gRPC's `grpc-timeout: 7984m`, at most 8 digits and a unit: `H` `M` `S` `m` `u` `n`. (gRPC over HTTP/2, section Requests:
 * TimeoutValue, TimeoutUnit.) Rounded down to whole ms.
 *
 * 0 is exhausted. A spent budget is sent as `1n`, because that section allows positive numbers only, and Envoy and Armeria
 * take 0 for no deadline.
 *
 * A gRPC library writes this field itself, and takes it away before an application can read it. It is for HTTP carriers
 * (a proxy's, gRPC-Web's); with `DeadlineInstrumentation` calls of @grpc/grpc-js get it anyway.
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

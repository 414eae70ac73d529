import { parseInteger } from '../number.js';
import { deadlineFormat, type FormatDefinition, NO_DEADLINE } from './deadline-format.js';

/** In Envoy a timeout of 0 is an infinite one (RouteAction.timeout). */
const ENVOY = {
  parse(text) {
    const ms = parseInteger(text, 10);
    // Envoy never writes a negative number. As in the other formats, it is exhausted.
    return ms === 0 && !text.startsWith('-') ? NO_DEADLINE : ms;
  },
  format: (ms) => String(Math.max(ms, 1)),
} satisfies Omit<FormatDefinition, 'field'>;

/**
 * Envoy's and Istio's `x-envoy-expected-rq-timeout-ms: 7984`: Envoy sends the header to the service behind it, and an
 * Envoy with `respect_expected_rq_timeout` reads it from another Envoy. (Envoy documentation, Router filter, HTTP
 * headers.)
 *
 * 0 means no deadline, so an exhausted budget is sent as 1. At most 10 digits.
 */
export const envoyExpectedTimeout = /* @__PURE__ */ deadlineFormat({
  field: 'x-envoy-expected-rq-timeout-ms',
  ...ENVOY,
});

/**
 * Envoy's and Istio's `x-envoy-upstream-rq-timeout-ms: 7984`: a service sends the header to the Envoy through which it
 * calls, to replace the timeout of the route. Envoy removes it. (Envoy documentation, Router filter, HTTP headers.)
 *
 * 0 means no deadline, so an exhausted budget is sent as 1. At most 10 digits.
 */
export const envoyUpstreamTimeout = /* @__PURE__ */ deadlineFormat({
  field: 'x-envoy-upstream-rq-timeout-ms',
  ...ENVOY,
});

import { parseInteger } from '../number.js';
import { deadlineFormat, type FormatDefinition, NO_DEADLINE } from './deadline-format.js';

/** In Envoy a timeout of 0 is an infinite one (RouteAction.timeout). */
const ENVOY = {
  parse(text) {
    const ms = parseInteger(text, 10);
    // Below 0 is exhausted here too: Envoy itself never writes it.
    return ms === 0 && !text.startsWith('-') ? NO_DEADLINE : ms;
  },
  format: (ms) => String(Math.max(ms, 1)),
} satisfies Omit<FormatDefinition, 'field'>;

/**
 * Envoy's and Istio's `x-envoy-expected-rq-timeout-ms: 7984`: what Envoy tells the service behind it, and what an Envoy
 * with `respect_expected_rq_timeout` takes from another one. (Envoy documentation, Router filter, HTTP headers.)
 *
 * 0 is no deadline, so a spent budget is sent as 1. At most 10 digits.
 */
export const envoyExpectedTimeout = /* @__PURE__ */ deadlineFormat({
  field: 'x-envoy-expected-rq-timeout-ms',
  ...ENVOY,
});

/**
 * Envoy's and Istio's `x-envoy-upstream-rq-timeout-ms: 7984`: what a service tells the Envoy through which it calls, in
 * place of the route's timeout. (Envoy documentation, Router filter, HTTP headers.) Envoy takes it away.
 *
 * 0 is no deadline, so a spent budget is sent as 1. At most 10 digits.
 */
export const envoyUpstreamTimeout = /* @__PURE__ */ deadlineFormat({
  field: 'x-envoy-upstream-rq-timeout-ms',
  ...ENVOY,
});

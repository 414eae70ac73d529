import assert from 'node:assert/strict';
import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { createPropagator } from 'opentelemetry-propagator-deadline';
import { BUDGET_MS, baggageField, requestHeaders, TRACEPARENT, TRACESTATE } from './headers.js';
import { alternate } from './measure.js';
import { printTable } from './table.js';

/**
 * @typedef {object} HopCase The headers of an inbound request, and a check of the outbound headers.
 * @property {string} name
 * @property {Record<string, string>} headers the inbound request's, for both propagators
 * @property {(ours: Record<string, string>, core: Record<string, string>) => void} check throws when an injected
 *   header is wrong
 * @property {import('@opentelemetry/api').TextMapPropagator} [propagator] ours; default: `createPropagator()`
 * @property {(context: import('@opentelemetry/api').Context) => import('@opentelemetry/api').Context} [handle] the
 *   work of the service between `extract` and `inject`; returns the context to inject. Default: none
 */

/** @type {HopCase[]} */
const CASES = [
  withFields('nothing but traceparent', {}),
  withFields('tracestate of 3 members', { tracestate: TRACESTATE }),
  ...[3, 10, 64].map(withBaggage),
  { ...withBaggage(180), name: "180 under 'otel'", propagator: createPropagator({ baggage: { limits: 'otel' } }) },
];

function withBaggage(entries) {
  return withFields(`${entries} baggage entries`, { baggage: baggageField(entries) });
}

/** @param {Record<string, string>} fields what a request has beside traceparent and timebudget */
function withFields(name, fields) {
  return {
    name,
    headers: requestHeaders(fields),
    check: (ours, core) => {
      const { timebudget, ...others } = ours;
      assert.deepEqual(others, { traceparent: TRACEPARENT, ...fields });
      assert.deepEqual(core, others);
      assert.match(timebudget, /^\d+$/);
      assert.ok(Number(timebudget) > 0 && Number(timebudget) <= BUDGET_MS, `timebudget: ${timebudget}`);
    },
  };
}

/** @param {import('./measure.js').Effort} effort */
export async function hop(effort) {
  const core = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });
  const rows = [];
  for (const each of CASES) {
    const ours = stepsOf(each.propagator ?? createPropagator(), each);
    const theirs = stepsOf(core, each);
    const ns = await alternate(
      {
        'core extract': theirs.extract,
        'our extract': ours.extract,
        'core inject': theirs.inject,
        'our inject': ours.inject,
        'core hop': theirs.hop,
        'our hop': ours.hop,
      },
      effort,
    );
    // After the timing, so that the compiled code is checked.
    each.check(ours.hop(), theirs.hop());
    const ratio = (step) => (ns[`our ${step}`] / ns[`core ${step}`]).toFixed(2);
    rows.push([each.name, ...Object.values(ns).map(Math.round), ratio('hop')].map(String));
  }
  const steps = ['extract', 'inject', 'hop'].flatMap((step) => [`core ${step}`, `our ${step}`]);
  printTable('hop: ns', ['', ...steps, 'hop ratio'], rows);
}

function stepsOf(propagator, { headers, handle = (context) => context }) {
  const extract = () => propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const injectFrom = (context) => {
    const outgoing = {};
    propagator.inject(context, outgoing, defaultTextMapSetter);
    return outgoing;
  };
  const extracted = extract();
  return { extract, inject: () => injectFrom(extracted), hop: () => injectFrom(handle(extract())) };
}

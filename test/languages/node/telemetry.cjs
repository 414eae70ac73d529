// The set-up of Node's hops, with the deadline and trace id of hand-written Go services as docs/interop.md shows it:
// node --require ./telemetry.cjs <hop>
const { CompositePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');
const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
const { DeadlinePropagator, timebudget, traceIdHeader, xDeadline } = require('opentelemetry-propagator-deadline');
const { DeadlineInstrumentation } = require('opentelemetry-propagator-deadline/instrumentation');
const { startSdk } = require('../../support/open-telemetry.cjs');

const formats = [timebudget, xDeadline];

startSdk({
  textMapPropagator: new CompositePropagator({
    propagators: [
      new W3CTraceContextPropagator(),
      new DeadlinePropagator({ extract: formats, inject: formats }),
      traceIdHeader(),
    ],
  }),
  instrumentations: () => [
    new DeadlineInstrumentation({ server: { defaultBudget: 20_000 } }),
    new HttpInstrumentation(),
    new UndiciInstrumentation(),
    new GrpcInstrumentation(),
  ],
});

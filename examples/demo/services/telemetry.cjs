// The OpenTelemetry set-up of every service: `node --require ./telemetry.cjs service.cjs`. It runs before the service,
// because the instrumentations patch http and grpc as they are loaded.
const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { createPropagator } = require('opentelemetry-propagator-deadline');
const { DeadlineInstrumentation } = require('opentelemetry-propagator-deadline/instrumentation');
const { SpanReporter } = require('./span-reporter.cjs');

/** The edge sets the budget of its clients. A budget that they send is ignored, because they are not trusted. */
const edge = {
  trust: false,
  defaultBudget: ({ url }) => (url.startsWith('/express') ? 1_000 : 10_000),
};

const servers = {
  edge,
  /** The one that is asked for more than it can do. */
  busy: { admission: process.env.ADMISSION === 'true' },
};

new NodeSDK({
  textMapPropagator: createPropagator(),
  instrumentations: [
    new DeadlineInstrumentation({ server: servers[process.env.ROLE] ?? {} }),
    new HttpInstrumentation(),
    new UndiciInstrumentation(),
    new GrpcInstrumentation(),
  ],
  // Replaces exporters, which would need a collector. Nobody looks at the spans of the busy service.
  spanProcessors: process.env.ROLE === 'busy' ? [] : [new SpanReporter()],
  metricReaders: [],
  logRecordProcessors: [],
}).start();

const { createPropagator } = require('opentelemetry-propagator-deadline');
const { DeadlineInstrumentation } = require('opentelemetry-propagator-deadline/instrumentation');
const { start } = require('./open-telemetry.cjs');

start(createPropagator(), [new DeadlineInstrumentation(JSON.parse(process.env.DEADLINE_OPTIONS ?? '{}'))]);

// Starts OpenTelemetry: with this package when the runner gives options for it.
const { SERVER_OPTIONS } = process.env;

/** The path of the health checks. */
exports.HEALTH = '/health';

if (SERVER_OPTIONS === undefined) {
  require('../../enforcement/services/set-up-stock.cjs');
} else {
  const { createPropagator } = require('opentelemetry-propagator-deadline');
  const { DeadlineInstrumentation } = require('opentelemetry-propagator-deadline/instrumentation');
  const { start } = require('../../enforcement/services/open-telemetry.cjs');
  const ignore = ({ url }) => url === exports.HEALTH;
  start(createPropagator(), [new DeadlineInstrumentation({ server: { ...JSON.parse(SERVER_OPTIONS), ignore } })]);
}

// The set-up of the README, in a file of its own: `node --import ./telemetry.mjs service`.
import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { createPropagator } from 'opentelemetry-propagator-deadline';
import { DeadlineInstrumentation } from 'opentelemetry-propagator-deadline/instrumentation';

new NodeSDK({
  textMapPropagator: createPropagator(),
  instrumentations: [new DeadlineInstrumentation(), getNodeAutoInstrumentations()],
}).start();

// OpenTelemetry as the tests set it up, in jest and in the processes that they start.
const { context, propagation, trace } = require('@opentelemetry/api');

/** @param spans what is called for each span, at its start and at its end */
const processor = ({ onStart = () => {}, onEnd = () => {} } = {}) => ({
  onStart,
  onEnd,
  async forceFlush() {},
  async shutdown() {},
});

exports.startSdk = ({ spans, instrumentations, ...options }) => {
  const { NodeSDK } = require('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    spanProcessors: [processor(spans)],
    metricReaders: [],
    logRecordProcessors: [],
    autoDetectResources: false,
    instrumentations: instrumentations?.() ?? [],
    ...options,
  });
  sdk.start();
  return sdk;
};

exports.startParts = ({ instrumentations, ...globals }) => {
  const { registerInstrumentations } = require('@opentelemetry/instrumentation');
  exports.registerGlobals({ spans: {}, ...globals });
  registerInstrumentations({ instrumentations: instrumentations() });
};

exports.registerGlobals = ({ textMapPropagator, spans }) => {
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(textMapPropagator);
  if (spans === undefined) return;
  const { TracerProvider } = require('@opentelemetry/sdk-trace');
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor(spans)] }));
};

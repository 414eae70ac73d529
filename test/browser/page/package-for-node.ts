export * from 'opentelemetry-propagator-deadline/instrumentation';

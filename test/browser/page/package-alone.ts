export * from 'opentelemetry-propagator-deadline';

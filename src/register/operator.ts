import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';

/** Where the api keeps what is registered, in all its copies of major version 1. */
const GLOBALS = Symbol.for('opentelemetry.js.api.1');

/** Told to whoever operates the service. */
export interface Operator {
  error(message: string): void;
  warn(message: string): void;
}

/**
 * An operator who reads diag, where a logger is registered, else the console: the SDK registers its logger after us, and
 * only where OTEL_LOG_LEVEL is set, and an error that nobody sees is none. `OTEL_LOG_LEVEL` decides what is told.
 */
export function operator(logLevel: string | undefined): Operator {
  const level = logLevel?.trim() ? diagLogLevelFromString(logLevel.trim()) : undefined;
  const tell = (kind: 'error' | 'warn', message: string) => {
    const text = `opentelemetry-propagator-deadline: ${message}`;
    if (hasLogger()) return diag[kind](text);
    diag.setLogger(new DiagConsoleLogger(), { logLevel: level ?? DiagLogLevel.WARN });
    diag[kind](text);
    // Left in place, it would make the SDK warn of two loggers.
    diag.disable();
  };
  return { error: (message) => tell('error', message), warn: (message) => tell('warn', message) };
}

function hasLogger(): boolean {
  const globals = (globalThis as { [GLOBALS]?: { diag?: unknown } })[GLOBALS];
  return globals?.diag !== undefined;
}

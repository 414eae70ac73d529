import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';

/** The key of the object on `globalThis` in which every copy of API 1 stores its registrations. */
const GLOBALS = Symbol.for('opentelemetry.js.api.1');

/** Logs for the operator of the service. */
export interface Operator {
  error(message: string): void;
  warn(message: string): void;
}

/**
 * Logs to the logger of `diag`, or to the console if none is registered: the SDK registers its logger later, and only
 * if `OTEL_LOG_LEVEL` is set.
 *
 * @param logLevel the value of `OTEL_LOG_LEVEL`, which applies to the console too; default: warnings and errors
 */
export function operator(logLevel: string | undefined): Operator {
  const level = logLevel?.trim() ? diagLogLevelFromString(logLevel.trim()) : undefined;
  const tell = (kind: 'error' | 'warn', message: string) => {
    const text = `opentelemetry-propagator-deadline: ${message}`;
    if (hasLogger()) return diag[kind](text);
    diag.setLogger(new DiagConsoleLogger(), { logLevel: level ?? DiagLogLevel.WARN });
    diag[kind](text);
    // Removed again, or the SDK would warn that a logger is registered already.
    diag.disable();
  };
  return { error: (message) => tell('error', message), warn: (message) => tell('warn', message) };
}

function hasLogger(): boolean {
  const globals = (globalThis as { [GLOBALS]?: { diag?: unknown } })[GLOBALS];
  return globals?.diag !== undefined;
}

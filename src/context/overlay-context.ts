import type { Context } from '@opentelemetry/api';
import { BAGGAGE_KEY, SPAN_KEY } from './api-keys.js';
import { SCOPE_KEY } from './scope/key.js';

/**
 * A `Context` with a span, a baggage and a scope over another context. `setValue` of the OpenTelemetry API copies a Map
 * and makes three closures for each value. This is one object for all three, on the path of every request.
 */
class OverlayContext implements Context {
  // Not #private: #fields cost 15 ns more for each request.
  constructor(
    /** Has all other values. What it has of the three is hidden. */
    readonly base: Context,
    private readonly span: unknown,
    private readonly baggage: unknown,
    private readonly scope: unknown,
  ) {}

  getValue(key: symbol): unknown {
    if (key === SCOPE_KEY) return this.scope;
    if (key === SPAN_KEY) return this.span;
    return key === BAGGAGE_KEY ? this.baggage : this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    const { base, span, baggage, scope } = this;
    if (key === SCOPE_KEY) return new OverlayContext(base, span, baggage, value);
    if (key === SPAN_KEY) return new OverlayContext(base, value, baggage, scope);
    if (key === BAGGAGE_KEY) return new OverlayContext(base, span, value, scope);
    return new OverlayContext(base.setValue(key, value), span, baggage, scope);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }
}

/**
 * A copy of `context` with these values, at a lower cost than by `context.setValue`. A value that is `undefined` is that of
 * `context`. `context` itself when all are, and when it is none of OpenTelemetry's.
 */
export function overlay(context: Context, span: unknown, baggage?: unknown, scope?: unknown): Context {
  if (span === undefined && baggage === undefined && scope === undefined) return context;
  try {
    return new OverlayContext(
      context instanceof OverlayContext ? context.base : context,
      span ?? context.getValue(SPAN_KEY),
      baggage ?? context.getValue(BAGGAGE_KEY),
      scope ?? context.getValue(SCOPE_KEY),
    );
  } catch {
    return context;
  }
}

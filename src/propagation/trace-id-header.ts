import { type Context, type TextMapPropagator, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { headerName } from '../wire/header-name.js';
import { readField } from './carrier-field.js';

/** 32 hexadecimal digits, or a UUID (RFC 9562, section 4), which has as many. */
const TRACE_ID = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
/** A flag of W3C Trace Context, section 3.2.2.5.1. (The api's enumeration would be bundled whole.) */
const SAMPLED = 1;
/** The first 16 digits that are not all zeros, as the id of a span must not be. */
const SPAN_ID = /(?!0{16}).{16}/;

/**
 * A propagator for services that pass a bare trace id: `x-trace-id: 0af7651916cd43dd8448eb211c80319c`. Goes beside the one
 * for W3C trace context, in any order.
 *
 * `inject` writes the current trace id. `extract` reads 32 hexadecimal digits or a UUID, where no valid trace context has
 * come in, so that the logs and traces of both sides join. Who sends a bare id tells neither his span nor whether it is
 * sampled: the parent is a span that nobody has (its id is taken from the trace id, and so the same for all services of the trace),
 * and it counts as sampled, or a parent-based sampler would record nothing.
 *
 * @param name the header's name, in any case
 * @throws TypeError that quotes what is no name
 */
export function traceIdHeader(name = 'x-trace-id'): TextMapPropagator {
  const field = headerName(name);
  return {
    inject(context, carrier, setter) {
      try {
        const traceId = traceIdOf(context);
        if (traceId !== undefined && !isTracingSuppressed(context)) setter.set(carrier, field, traceId);
      } catch {
        // A frozen carrier, a setter's own failure: the call goes out without the id.
      }
    },
    extract(context, carrier, getter) {
      try {
        const text = readField(carrier, getter, field, 64) ?? '';
        if (!TRACE_ID.test(text) || traceIdOf(context) !== undefined) return context;
        const traceId = text.replaceAll('-', '').toLowerCase();
        const spanId = SPAN_ID.exec(traceId)?.[0];
        if (spanId === undefined) return context;
        return trace.setSpanContext(context, { traceId, spanId, traceFlags: SAMPLED, isRemote: true });
      } catch {
        // A getter's own failure, a carrier that is no carrier, a context that is no context.
        return context;
      }
    },
    fields: () => [field],
  };
}

/** Of the valid span context in `context`. */
function traceIdOf(context: Context): string | undefined {
  const span = trace.getSpanContext(context);
  return span && trace.isSpanContextValid(span) ? span.traceId : undefined;
}

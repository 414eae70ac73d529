import { type Context, type TextMapPropagator, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { headerName } from '../wire/header-name.js';
import { readField } from './carrier-field.js';

/** 32 hexadecimal digits, also in the form of a UUID (RFC 9562, section 4). */
const TRACE_ID = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
/** A flag of W3C Trace Context, section 3.2.2.5.1. `TraceFlags` of the API would add its whole enum to a bundle. */
const SAMPLED = 1;
/** The first 16 digits that are not all zeros: a span id of zeros is not valid. */
const SPAN_ID = /(?!0{16}).{16}/;

/**
 * A propagator for services that send a bare trace id: `x-trace-id: 0af7651916cd43dd8448eb211c80319c`. Use it together
 * with the propagator for W3C trace context, in any order.
 *
 * `inject` writes the current trace id. `extract` reads 32 hexadecimal digits or a UUID, unless the context has a valid
 * trace context already, so that the logs and traces of both services have the same trace id.
 *
 * A bare trace id comes without a span id and without the flag "sampled". The parent span is therefore one that does
 * not exist, with an id that is taken from the trace id, so it is the same for all services of the trace. The parent
 * counts as sampled: otherwise a parent-based sampler would record no span.
 *
 * @param name the header's name, in any case; default: `x-trace-id`
 * @throws TypeError that quotes `name` when it is not the name of a header
 */
export function traceIdHeader(name = 'x-trace-id'): TextMapPropagator {
  const field = headerName(name);
  return {
    inject(context, carrier, setter) {
      try {
        const traceId = traceIdOf(context);
        if (traceId !== undefined && !isTracingSuppressed(context)) setter.set(carrier, field, traceId);
      } catch {
        // The carrier is frozen, or the setter failed: the call is sent without the trace id.
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
        // The getter failed, or the carrier or the context is of another type.
        return context;
      }
    },
    fields: () => [field],
  };
}

/** The trace id in `context`; `undefined` when there is no valid span context. */
function traceIdOf(context: Context): string | undefined {
  const span = trace.getSpanContext(context);
  return span && trace.isSpanContextValid(span) ? span.traceId : undefined;
}

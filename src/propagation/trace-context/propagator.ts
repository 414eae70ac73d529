import {
  type Context,
  type Span,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { overlay } from '../../context/overlay-context.js';
import { formatTraceparent, parseTraceparent } from '../../wire/trace-context/traceparent.js';
import { checkTracestate, TRACESTATE_CEILING } from '../../wire/trace-context/tracestate.js';
import { readField } from '../carrier-field.js';
import { injectValues } from '../inject-values.js';
import { WireTraceState } from './trace-state.js';

const TRACEPARENT = 'traceparent';
const TRACESTATE = 'tracestate';

/**
 * W3C Trace Context Level 2. Replaces `W3CTraceContextPropagator` of core, and is stricter: a `tracestate` with a member
 * that is not grammatical, or with more than 32 members, is dropped as a whole. Of a `tracestate` with more than 512
 * characters, members of more than 128 characters are left out first, and then the last ones (section tracestate Limits).
 *
 * `inject` and `extract` never throw, whatever carrier, getter, setter or context they meet.
 */
export class TraceContextPropagator implements TextMapPropagator {
  /** Writes the span of `context`; nothing when its ids are not valid, or tracing is suppressed. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    injectValues(context, carrier, setter, this);
  }

  /** A copy of `context` with the remote span of the carrier; `context` itself when `traceparent` is not valid. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return overlay(context, this.extractSpan(carrier, getter));
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }

  /** @internal See {@link inject}. */
  injectSpan(spanContext: SpanContext | undefined, carrier: unknown, setter: TextMapSetter): void {
    try {
      if (spanContext === undefined) return;
      const traceparent = formatTraceparent(spanContext.traceId, spanContext.spanId, spanContext.traceFlags);
      if (traceparent === undefined) return;
      setter.set(carrier, TRACEPARENT, traceparent);
      const tracestate = spanContext.traceState?.serialize();
      if (tracestate) setter.set(carrier, TRACESTATE, tracestate);
    } catch {
      // The carrier is frozen, or the setter failed: the call is sent without the trace context.
    }
  }

  /** @internal The remote span of the carrier; `undefined` when `traceparent` is not valid. */
  extractSpan(carrier: unknown, getter: TextMapGetter): Span | undefined {
    try {
      const text = readField(carrier, getter, TRACEPARENT, TRACESTATE_CEILING);
      const spanContext: SpanContext | undefined = text ? parseTraceparent(text) : undefined;
      if (spanContext === undefined) return undefined;
      const traceState = readTraceState(carrier, getter);
      if (traceState !== undefined) spanContext.traceState = traceState;
      return trace.wrapSpanContext(spanContext);
    } catch {
      // The getter failed, or the carrier is of another type: the request starts a trace.
      return undefined;
    }
  }
}

/** A bad `tracestate` must not cost the request its trace. */
function readTraceState(carrier: unknown, getter: TextMapGetter): WireTraceState | undefined {
  try {
    const text = readField(carrier, getter, TRACESTATE, TRACESTATE_CEILING);
    const checked = text ? checkTracestate(text) : '';
    return checked === '' ? undefined : new WireTraceState(checked);
  } catch {
    return undefined;
  }
}

const { propagation, SpanKind } = require('@opentelemetry/api');
const { getDeadline, remainingTime } = require('opentelemetry-propagator-deadline');

/** The time in ms on the machine's monotonic clock, which all processes share: one time axis for the waterfall. */
const clock = () => Number(process.hrtime.bigint()) / 1e6;

/** A span processor that reports each inbound request and each outbound call to the demo's runner. */
exports.SpanReporter = class SpanReporter {
  #started = new Map();

  /**
   * @param context for an inbound request the context of its headers, for an outbound call the context that is injected
   */
  onStart(span, context) {
    const started = clock();
    const remaining = remainingTime(context);
    this.#started.set(span.spanContext().spanId, {
      started,
      remaining,
      // Two instants, so that the runner never counts more time as spent than there was.
      readAt: clock(),
      setHere: getDeadline(context)?.inherited === false ? getDeadline(context).budget : undefined,
      baggage: baggageOf(context),
    });
  }

  onEnd(span) {
    const { traceId, spanId } = span.spanContext();
    const start = this.#started.get(spanId);
    this.#started.delete(spanId);
    process.send({
      span: {
        ...start,
        ended: clock(),
        kind: SpanKind[span.kind],
        instrumentation: span.instrumentationScope.name,
        traceId,
        spanId,
        parentSpanId: span.parentSpanContext?.spanId,
      },
    });
  }

  async forceFlush() {}

  async shutdown() {}
};

function baggageOf(context) {
  const entries = propagation.getBaggage(context)?.getAllEntries() ?? [];
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

// A service exits when its runner has exited, also when the runner was killed.
process.once('disconnect', () => process.exit());

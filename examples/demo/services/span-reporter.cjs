const { propagation, SpanKind } = require('@opentelemetry/api');
const { getDeadline, remainingTime } = require('opentelemetry-propagator-deadline');

/** Milliseconds on the machine's monotonic clock, which all processes share: one time axis for the waterfall. */
const clock = () => Number(process.hrtime.bigint()) / 1e6;

/** A span processor that tells the demo's runner of each request served and each call made. */
exports.SpanReporter = class SpanReporter {
  #started = new Map();

  /** @param context for a request served what its headers held, for a call made what is sent with it */
  onStart(span, context) {
    const started = clock();
    const remaining = remainingTime(context);
    this.#started.set(span.spanContext().spanId, {
      started,
      remaining,
      // Two instants, so that what the runner counts as spent is never more than it was.
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

// A service goes when its runner has gone, however that ended.
process.once('disconnect', () => process.exit());

/** The kind of call of the client spans of each instrumentation. */
const TRANSPORTS = new Map([
  ['@opentelemetry/instrumentation-undici', 'fetch'],
  ['@opentelemetry/instrumentation-http', 'http.request'],
  ['@opentelemetry/instrumentation-grpc', 'gRPC'],
]);

/**
 * The hops of one request, in the order of their start: the spans of requests served, each with the calls that it made
 * (`calls`), the call that it answers (`call`, not there for the first) and the hop that made that call (`caller`).
 */
export function hopsOf(spans) {
  const calls = spans.filter(({ kind }) => kind === 'CLIENT').sort(byStart);
  const hops = spans.filter(({ kind }) => kind === 'SERVER').sort(byStart);
  const linked = hops.map((hop) => ({
    ...hop,
    calls: calls.filter((call) => call.parentSpanId === hop.spanId),
    call: calls.find((call) => call.spanId === hop.parentSpanId),
  }));
  for (const hop of linked) {
    hop.caller = linked.find(({ calls }) => calls.includes(hop.call));
    hop.transport = TRANSPORTS.get(hop.call?.instrumentation);
    // The first hop received no budget: the edge sets it.
    hop.budget = hop.caller === undefined ? hop.setHere : hop.remaining;
  }
  return linked;
}

const byStart = (a, b) => a.started - b.started;

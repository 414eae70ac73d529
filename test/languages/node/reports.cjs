// What a hop tells the test: a JSON object a line. The test ends it by closing its standard input.
const { context, trace } = require('@opentelemetry/api');
const { abortSignal, remainingTime } = require('opentelemetry-propagator-deadline');

const endings = { DEADLINE_EXCEEDED: 'deadline exceeded', CANCELLED: 'cancelled' };

process.stdin.resume().once('end', () => process.exit());

exports.tell = (report) => console.log(JSON.stringify(report));

/**
 * Reports what the context of a request holds on arrival, and how it is when the handler is done.
 *
 * @param request which request it is, and what else there is to tell
 */
exports.reported = async (request, handler) => {
  const left = remainingTime();
  const signal = abortSignal();
  exports.tell({
    event: 'arrived',
    traceId: trace.getSpanContext(context.active())?.traceId,
    deadline: left === Number.POSITIVE_INFINITY ? undefined : Date.now() + left,
    ...request,
  });
  try {
    await handler(signal);
  } finally {
    exports.tell({ event: 'ended', ...request, as: signal?.aborted ? endings[signal.reason.code] : 'done' });
  }
};

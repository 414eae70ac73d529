/** What "." exports: and what kind of thing each is. */
export const PUBLIC_SURFACE = {
  abortSignal: 'function',
  BoundedBaggagePropagator: 'function',
  connectTimeoutMs: 'object',
  contextTtlMs: 'object',
  CallCancelledError: 'function',
  createPropagator: 'function',
  Deadline: 'function',
  DeadlineExceededError: 'function',
  DeadlinePropagator: 'function',
  deadlineFormat: 'function',
  deleteDeadline: 'function',
  detach: 'function',
  durationMs: 'function',
  envoyExpectedTimeout: 'object',
  envoyUpstreamTimeout: 'object',
  epochMs: 'function',
  finagleDeadline: 'function',
  getDeadline: 'function',
  grpcTimeout: 'object',
  isCallCancelled: 'function',
  isDeadlineExceeded: 'function',
  remainingTime: 'function',
  requestTimeoutMs: 'object',
  serverTimeout: 'object',
  setDeadline: 'function',
  shared: 'function',
  statusOf: 'function',
  throwIfExceeded: 'function',
  timebudget: 'object',
  timeUntil: 'function',
  TraceContextPropagator: 'function',
  traceIdHeader: 'function',
  withCaller: 'function',
  withCancel: 'function',
  withClockLimits: 'function',
  withDeadline: 'function',
  withTimeout: 'function',
  withoutBaggage: 'function',
  xDeadline: 'object',
};

/** One hop in a user's words: prints what was written into an outgoing carrier and read from an incoming one. */
export const ONE_HOP = `
  const outgoing = {};
  deadline.withTimeout(60_000, (context) => {
    deadline.createPropagator().inject(context, outgoing, api.defaultTextMapSetter);
  });
  const incoming = deadline.createPropagator().extract(api.ROOT_CONTEXT, outgoing, api.defaultTextMapGetter);
  const left = deadline.remainingTime(incoming);
  console.log(JSON.stringify({ sent: /^59[0-9]{3}$|^60000$/.test(outgoing.timebudget), left: left > 50_000 && left <= 60_000 }));
`;

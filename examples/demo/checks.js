/** The hops of a request. The user is known, and in the baggage, once auth has answered. */
const EXPECTED = [
  { service: 'edge' },
  { service: 'auth', caller: 'edge', transport: 'fetch' },
  { service: 'business', caller: 'edge', transport: 'http.request', baggage: true },
  { service: 'stock', caller: 'business', transport: 'gRPC', baggage: true },
];

/** The spans that a request leaves: one for each hop, and one for each call. */
export const EXPECTED_SPANS = 2 * EXPECTED.length - 1;

/** What the edge gives each request, in ms. */
const EDGE_BUDGET = 10_000;

/** Everything that is not as it has to be, in words; nothing when all is well. */
export function problemsOf(hops, { baggage }) {
  const problems = EXPECTED.flatMap((expected) => {
    const found = hops.filter(({ service }) => service === expected.service);
    if (found.length !== 1) return [`${expected.service}: expected one hop, got ${found.length}`];
    const [hop] = found;
    const route = routeProblems(hop, expected);
    if (route.length > 0) return route;
    return [...baggageProblems(hop, expected.baggage ? baggage : {}), ...budgetProblems(hop)];
  });
  const traceIds = new Set(hops.map(({ traceId }) => traceId));
  if (traceIds.size > 1) problems.push(`one request, ${traceIds.size} trace ids: ${[...traceIds].join(', ')}`);
  return problems;
}

function routeProblems({ service, caller, transport }, expected) {
  if (caller?.service === expected.caller && transport === expected.transport) return [];
  return [
    `${service}: expected a call from ${expected.caller ?? 'the client'} over ${expected.transport ?? 'http'}, ` +
      `got one from ${caller?.service ?? 'the client'} over ${transport ?? 'http'}`,
  ];
}

function baggageProblems({ service, baggage }, expected) {
  const [got, wanted] = [baggage, expected].map((entries) => JSON.stringify(Object.entries(entries).sort()));
  return got === wanted ? [] : [`${service}: expected the baggage ${wanted}, got ${got}`];
}

function budgetProblems(hop) {
  const { service, caller, call, remaining, budget } = hop;
  if (caller === undefined) {
    return budget === EDGE_BUDGET ? [] : [`${service}: expected to give ${EDGE_BUDGET} ms, got ${budget}`];
  }
  if (!Number.isFinite(remaining)) return [`${service}: no budget arrived`];
  // What the caller had at each earlier moment, less what it spent from then to the call.
  const left = [caller, ...caller.calls]
    .filter((reading) => reading.started <= call.started)
    .map((reading) => reading.remaining - Math.max(call.started - reading.readAt, 0));
  const most = Math.min(...left);
  if (remaining <= most) return [];
  return [`${service}: ${caller.service} had ${most} ms left to give, ${remaining} ms arrived`];
}

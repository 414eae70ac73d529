/** The hops of a request. The user is in the baggage as soon as auth has answered. */
const EXPECTED = [
  { service: 'edge' },
  { service: 'auth', caller: 'edge', transport: 'fetch' },
  { service: 'business', caller: 'edge', transport: 'http.request', baggage: true },
  { service: 'stock', caller: 'business', transport: 'gRPC', baggage: true },
];

/** The number of spans of a request: one for each hop, and one for each call. */
export const EXPECTED_SPANS = 2 * EXPECTED.length - 1;

/** The hops that are at work while the last one is: all of them have to stop. */
const WORKING = ['edge', 'business', 'stock'];

/** The time within which work has to stop, in ms: far more than that takes, far less than the search for a piano. */
const STOP_LIMIT = 1_000;

/** The problems of a request, in words; an empty list when all is well. */
export function problemsOf(hops, { client, budget }) {
  const problems = EXPECTED.flatMap((expected) => {
    const found = hops.filter(({ service }) => service === expected.service);
    if (found.length !== 1) return [`${expected.service}: expected one hop, got ${found.length}`];
    const [hop] = found;
    const route = routeProblems(hop, expected);
    if (route.length > 0) return route;
    return [...baggageProblems(hop, expected.baggage ? client.baggage : {}), ...budgetProblems(hop, budget)];
  });
  const traceIds = new Set(hops.map(({ traceId }) => traceId));
  if (traceIds.size > 1) problems.push(`one request, ${traceIds.size} trace ids: ${[...traceIds].join(', ')}`);
  return problems;
}

/**
 * The problems in how the hops stopped, in words.
 *
 * @param {number} from the instant from which on the caller no longer waits
 * @param {string[]} codes why a hop may stop
 */
export function stopProblems(stops, from, codes) {
  return WORKING.flatMap((service) => {
    const stop = stops.find((each) => each.service === service);
    if (stop === undefined) return [`${service}: expected to stop, got no sign of it`];
    const problems = [];
    if (!codes.includes(stop.code))
      problems.push(`${service}: expected to stop because of ${codes.join(' or ')}, got ${stop.code}`);
    if (stop.at - from > STOP_LIMIT)
      problems.push(`${service}: stopped ${stop.at - from} ms after its caller had gone`);
    return problems;
  });
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

function budgetProblems(hop, given) {
  const { service, caller, call, remaining, budget } = hop;
  if (caller === undefined) {
    return budget === given ? [] : [`${service}: expected to give ${given} ms, got ${budget}`];
  }
  if (!Number.isFinite(remaining)) return [`${service}: no budget arrived`];
  // The budget of the caller at its start, and when each of its earlier calls had ended.
  const earlier = caller.calls.filter(({ ended }) => ended <= call.started);
  const most = Math.min(caller.remaining, ...earlier.map((each) => each.remaining - (each.ended - each.readAt)));
  if (remaining <= most) return [];
  return [`${service}: ${caller.service} had ${most} ms left to give, ${remaining} ms arrived`];
}

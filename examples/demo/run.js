// The main job of this package, with four services, each in its own process: two orders that succeed, one whose
// deadline passes in the last hop, and one whose client goes away. Then a service that is asked for twice of what it can
// do, without and with admission. `npm run demo`
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { EXPECTED_SPANS, problemsOf, stopProblems } from './checks.js';
import { hopsOf } from './hops.js';
import { isTellable, overload, overloadProblems } from './overload.js';
import { goodAnswers, stopTable, table, waterfall } from './picture.js';
import { ServiceProcesses } from './service-processes.js';

const ANN = { session: 'ann', baggage: { user_id: 'u-17', tenant_id: 'acme' } };
const BOB = { session: 'bob', baggage: { user_id: 'u-42', tenant_id: 'globex' } };

/** How long the last client waits, in ms, before it closes the connection. */
const PATIENCE = 600;

/** Far more than the demo takes: it must not fail on a slow machine. */
const LIMIT = 60_000;

const services = new ServiceProcesses();
const interruption = new AbortController();
const signal = AbortSignal.any([interruption.signal, AbortSignal.timeout(LIMIT)]);

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(name, () => {
    process.exitCode = 128 + constants.signals[name];
    interruption.abort(new Error(`stopped by ${name}`));
  });
}

try {
  const edge = await startServices();
  await order({ path: '/orders', item: 'lamp', client: ANN, budget: 10_000 }, edge);
  await order({ path: '/orders', item: 'lamp', client: BOB, budget: 10_000 }, edge);
  await runOutOfTime({ path: '/express', item: 'piano', client: ANN, budget: 1_000 }, edge);
  await goAway({ path: '/orders', item: 'piano', client: BOB, budget: 10_000 }, edge);
  await askForTwice();
} catch (error) {
  const why = signal.aborted && error !== signal.reason ? ` (${signal.reason.message})` : '';
  console.error(`demo failed: ${error.message}${why}`);
  process.exitCode ??= 1;
} finally {
  await services.stop();
}

/** Starts the services, each after those that it calls, and returns the address of the edge. */
async function startServices() {
  const [stock, auth] = await Promise.all([services.start('stock', {}, signal), services.start('auth', {}, signal)]);
  const business = await services.start('business', { STOCK_ADDRESS: stock }, signal);
  return services.start(
    'edge',
    { ROLE: 'edge', AUTH_URL: `http://${auth}`, BUSINESS_URL: `http://${business}` },
    signal,
  );
}

/** An order that succeeds. */
async function order(scene, edge) {
  const answer = await send(scene, edge, signal);
  const hops = await show(scene, `${answer.status} ${await answer.text()}`);
  check(scene, [...(answer.ok ? [] : [`the edge answered ${answer.status}`]), ...problemsOf(hops, scene)]);
}

/** The budget runs out while the last hop works. */
async function runOutOfTime(scene, edge) {
  const answer = await send(scene, edge, signal);
  const hops = await show(scene, `${answer.status} ${await answer.text()}`);
  const deadline = hops[0].started + scene.budget;
  const stops = await shownStops(deadline, 'the deadline');
  // A caller hangs up when its deadline passes. The called hop may see that before its own timer fires.
  const codes = ['DEADLINE_EXCEEDED', 'CANCELLED'];
  const problems = answer.status === 504 ? [] : [`expected 504, got ${answer.status}`];
  check(scene, [...problems, ...problemsOf(hops, scene), ...stopProblems(stops, deadline, codes)]);
}

/** The client closes the connection while the last hop works. */
async function goAway(scene, edge) {
  const client = new AbortController();
  const answer = send(scene, edge, AbortSignal.any([client.signal, signal]));
  await Promise.race([pause(PATIENCE, undefined, { signal }), answer]);
  const closed = now();
  client.abort();
  const gone = await answer.then(
    ({ status }) => `expected no answer, got ${status}`,
    () => undefined,
  );
  const hops = await show(scene, `the client closes the connection after ${PATIENCE} ms`);
  const stops = await shownStops(closed, 'the client closed');
  check(scene, [...(gone ? [gone] : []), ...problemsOf(hops, scene), ...stopProblems(stops, closed, ['CANCELLED'])]);
}

/** A service at twice its load, without admission and with it. */
async function askForTwice() {
  const names = { false: 'without admission', true: 'with admission' };
  const runs = {};
  for (const [admission, name] of Object.entries(names)) {
    const address = await services.start('busy', { ROLE: 'busy', ADMISSION: admission }, signal);
    runs[name] = await overload(address, signal);
  }
  console.log('\n200 calls a second, each worth 10 ms of CPU; callers hang up after 200 ms\n');
  console.log(indent(goodAnswers(runs)));
  if (!isTellable(Object.values(runs))) console.log('\n  The machine was too busy: the figures mean nothing.');
  const problems = overloadProblems(...Object.values(runs));
  if (problems.length > 0) throw new Error(`overload\n${indent(problems)}`);
}

function send({ path, item, client }, edge, stopped) {
  return fetch(`http://${edge}${path}?session=${client.session}&item=${item}`, { signal: stopped });
}

/** Shows the spans that a request left in all services. Resolves with its hops. */
async function show({ path, item, client }, outcome) {
  const hops = hopsOf(await reportedSpans());
  console.log(`\nGET ${path}?session=${client.session}&item=${item} → ${outcome}\ntrace ${hops[0]?.traceId}\n`);
  if (hops.length > 0) console.log(`${indent(table(hops))}\n\n${indent(waterfall(hops))}`);
  return hops;
}

async function shownStops(from, event) {
  const stops = services.stops.splice(0).sort((one, other) => one.at - other.at);
  console.log(`\n${indent(stopTable(stops, from, event))}`);
  return stops;
}

function check({ path, item }, problems) {
  if (problems.length > 0) throw new Error(`GET ${path}, ${item}\n${indent(problems)}`);
}

/** The clock of the services' reports. */
function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The spans that the services have reported since the last request: some arrive shortly after the answer. */
async function reportedSpans() {
  for (let waited = 0; services.spans.length < EXPECTED_SPANS && waited < 2_000; waited += 10) {
    await pause(10, undefined, { signal });
  }
  return services.spans.splice(0);
}

function indent(lines) {
  return lines.map((line) => `  ${line}`).join('\n');
}

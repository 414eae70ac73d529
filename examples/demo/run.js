// The main job: four services, each a process of its own, and two requests through all of them. `npm run demo`
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { EXPECTED_SPANS, problemsOf } from './checks.js';
import { hopsOf } from './hops.js';
import { table, waterfall } from './picture.js';
import { ServiceProcesses } from './service-processes.js';

const CLIENTS = [
  { session: 'ann', baggage: { user_id: 'u-17', tenant_id: 'acme' } },
  { session: 'bob', baggage: { user_id: 'u-42', tenant_id: 'globex' } },
];

/** Far more than the demo takes; a slow machine must not fail it. */
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
  for (const client of CLIENTS) await follow(client, edge);
} catch (error) {
  const why = signal.aborted && error !== signal.reason ? ` (${signal.reason.message})` : '';
  console.error(`demo failed: ${error.message}${why}`);
  process.exitCode ??= 1;
} finally {
  await services.stop();
}

/** Starts the services, those that are called before those that call them, and returns the edge's address. */
async function startServices() {
  const [stock, auth] = await Promise.all([services.start('stock', {}, signal), services.start('auth', {}, signal)]);
  const business = await services.start('business', { STOCK_ADDRESS: stock }, signal);
  return services.start('edge', { AUTH_URL: `http://${auth}`, BUSINESS_URL: `http://${business}` }, signal);
}

/** Sends one request, and shows and checks what it left behind in every service. */
async function follow(client, edge) {
  const path = `/orders?session=${client.session}`;
  const answer = await fetch(`http://${edge}${path}`, { signal });
  const body = await answer.text();
  const hops = hopsOf(await reportedSpans());
  console.log(`\nGET ${path} → ${answer.status} ${body}\ntrace ${hops[0]?.traceId}\n`);
  if (hops.length > 0) console.log(`${indent(table(hops))}\n\n${indent(waterfall(hops))}`);
  const problems = answer.ok ? [] : [`the edge answered ${answer.status}`];
  problems.push(...problemsOf(hops, client));
  if (problems.length > 0) throw new Error(`GET ${path}\n${indent(problems)}`);
}

/** The spans that the services have reported since the last request: some come a moment after the answer. */
async function reportedSpans() {
  for (let waited = 0; services.spans.length < EXPECTED_SPANS && waited < 2_000; waited += 10) {
    await pause(10, undefined, { signal });
  }
  return services.spans.splice(0);
}

function indent(lines) {
  return lines.map((line) => `  ${line}`).join('\n');
}

// 200,000 requests through an enforced server and client; afterwards nothing may be left. `npm run test:soak`
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Backend } from './backend.js';
import { compare } from './compare.js';
import { sendRequest } from './requests.js';
import { Service } from './service-process.js';

const short = process.argv.includes('--short');
/** Requests are answered at their deadlines, by the instrumentation. */
const answer = process.argv.includes('--answer');
const REQUESTS = short ? 6_000 : 200_000;
/** Until code is compiled and caches are full. */
const WARM_UP = short ? 3_000 : 12_000;
const CONCURRENCY = 48;
/** Far more than any takes; a busy machine must not fail it. */
const REQUEST_LIMIT = 20_000;
/** Timers of Node (that of the date header lasts a second) hold the context of the request in which they were made. */
const NODES_OWN = 1_500;

const backend = new Backend();
const service = await Service.start({ BACKEND_PORT: String(await backend.listen()), ANSWER: String(answer) });
try {
  await send(0, WARM_UP);
  const before = await atRest();
  const start = performance.now();
  const sent = await send(WARM_UP, REQUESTS);
  const seconds = (performance.now() - start) / 1e3;
  const after = await atRest();
  for (const [kind, count] of Object.entries(sent).sort()) console.log(`${String(count).padStart(7)} ${kind}`);
  console.log(`${REQUESTS} requests in ${seconds.toFixed(0)} s`);
  const problems = compare(before, after);
  for (const problem of problems) console.error(`soak failed: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
} catch (error) {
  console.error('soak failed:', error);
  process.exitCode = 1;
} finally {
  await service.stop();
  backend.close();
}

/** Sends so many requests, a bounded number at a time. Resolves with how many there were of each kind. */
async function send(first, count) {
  const agent = new http.Agent({ keepAlive: true });
  const sent = {};
  let next = first;
  const worker = async () => {
    while (next < first + count) {
      const number = next++;
      const kind = await inTime(sendRequest(number, { port: service.port, agent, backend }), number);
      sent[kind] = (sent[kind] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  } finally {
    agent.destroy();
  }
  return sent;
}

async function inTime(request, number) {
  const late = new AbortController();
  const limit = delay(REQUEST_LIMIT, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(`request ${number} is not over after ${REQUEST_LIMIT} ms`)),
    () => {},
  );
  try {
    return await Promise.race([request, limit]);
  } finally {
    late.abort();
  }
}

/** What is alive in the service once nothing is in flight and no connection is open. */
async function atRest() {
  for (let waited = 0; waited < REQUEST_LIMIT; waited += 20) {
    backend.closeIdle();
    if (backend.open === 0 && (await service.ask('inFlight')) === 0) {
      await delay(NODES_OWN);
      return service.ask('census');
    }
    await delay(20);
  }
  throw new Error(`${backend.open} requests are open at the backend, ${await service.ask('inFlight')} in the service`);
}

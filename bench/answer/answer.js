import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { withServices } from '../enforcement/service-processes.js';
import { printTable } from '../table.js';

const BUDGET_MS = 200;
const CPU_MS = 5;
/** What a service can do in a second, of handlers that compute for so long. */
const CAPACITY = 0.9 * (1000 / CPU_MS);
/** How much later than the budget the answer may be, p99. */
const TARGET_MS = 20;
const WAIT_MS = 1_000;

const SCENES = [
  { name: 'half of the capacity', load: 0.5, admission: false },
  { name: 'half of the capacity, admission', load: 0.5, admission: true },
  { name: 'twice the capacity, admission', load: 2, admission: true },
];

/**
 * When callers get their answers from handlers that look at no deadline and take far longer than the budget.
 *
 * @param {{ seconds: number }} load
 */
export async function answer({ seconds }) {
  const rows = [];
  for (const scene of SCENES) {
    await withServices(async (start) => rows.push(await run(start, scene, seconds)));
  }
  printTable(
    `answer: times of the answers of deaf handlers, ms beyond the budget of ${BUDGET_MS} ms; targets: p99 at most ${TARGET_MS}, no zombie call`,
    ['', 'requests', 'handlers', 'p50', 'p99', 'max', 'zombie calls', 'targets'],
    rows,
  );
}

async function run(start, { name, load, admission }, seconds) {
  const backend = await start('../../answer/services/backend');
  const options = { server: { trust: false, defaultBudget: BUDGET_MS, answer: true, admission } };
  const service = await start('../../answer/services/deaf', {
    settings: {
      DEADLINE_OPTIONS: JSON.stringify(options),
      CPU_MS: String(CPU_MS),
      WAIT_MS: String(WAIT_MS),
      BACKEND_PORT: String(backend.port),
    },
  });
  const agent = new http.Agent({ keepAlive: true });
  try {
    // Code is compiled, and connections are opened.
    await send({ port: service.port, agent }, load * CAPACITY, 1);
    const { begun: before } = await service.ask('counts');
    const late = (await send({ port: service.port, agent }, load * CAPACITY, seconds)).sort((a, b) => a - b);
    const { begun } = await service.ask('counts');
    await idle(service);
    const zombies = await backend.ask('calls');
    const p99 = late[Math.ceil(0.99 * late.length) - 1];
    const figures = [late[Math.floor(late.length / 2)], p99, late.at(-1)].map((ms) => ms.toFixed(1));
    const met = p99 <= TARGET_MS && zombies === 0 ? 'met' : 'missed';
    return [name, String(late.length), String(begun - before), ...figures, String(zombies), met];
  } finally {
    agent.destroy();
  }
}

/** Sends requests at a steady rate, answered or not. Resolves with how much later than the budget each answer was, in ms. */
async function send(target, perSecond, seconds) {
  const start = performance.now();
  const sent = [];
  for (let i = 0; i < perSecond * seconds; i++) {
    const due = start + (i * 1e3) / perSecond;
    const early = due - performance.now();
    if (early > 0) await delay(early);
    sent.push(ask(target));
  }
  return Promise.all(sent);
}

function ask({ port, agent }) {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const request = http.get({ host: '127.0.0.1', port, agent });
    request.once('error', reject);
    request.once('response', (response) => {
      response.resume().once('end', () => {
        const { statusCode, headers } = response;
        if (statusCode === 504 && headers['x-late'] === undefined) resolve(performance.now() - begun - BUDGET_MS);
        else reject(new Error(`answered with ${statusCode}`));
      });
    });
  });
}

/** Waits until all handlers have done what they do after their answer. */
async function idle(service) {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const { begun, ended } = await service.ask('counts');
    if (begun === ended) return;
    await delay(50);
  }
  throw new Error('handlers are still at work');
}

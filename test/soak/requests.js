import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Less than the backend takes to answer, which it never does. */
const SHORT_BUDGET = '15';

/** A third each. Each phase says how far the request gets: its name is what the backend goes by. */
const KINDS = [
  { kind: 'fine', phases: ['answered'], send: fine },
  { kind: 'cancelled', phases: ['sending', 'waiting', 'reading'], send: cancelled },
  { kind: 'late', phases: ['spent', 'waiting', 'reading'], send: late },
];
const TRANSPORTS = ['http', 'fetch'];

/** Sends the request of that number and checks what becomes of it. Resolves with what it was. */
export async function sendRequest(number, service) {
  const { kind, phases, send } = KINDS[number % KINDS.length];
  const transport = TRANSPORTS[Math.floor(number / KINDS.length) % TRANSPORTS.length];
  const phase = phases[Math.floor(number / (KINDS.length * TRANSPORTS.length)) % phases.length];
  const outcome = await send({
    ...service,
    phase,
    id: String(number),
    path: `/${transport}/${kind}/${phase}/${number}`,
  });
  return `${transport}, ${kind}, ${phase}: ${outcome}`;
}

async function fine({ id, ...call }) {
  // With a budget and without.
  const response = await answerTo(request(call, Number(id) % 4 < 2 ? { timebudget: '60000' } : {}));
  assert.equal(response.statusCode, 200);
  assert.equal(await text(response), `${id} `.repeat(200));
  return '200';
}

async function cancelled({ phase, id, backend, ...call }) {
  const outbound = request(call, {});
  if (phase === 'sending') {
    // It may reach the service, or even the backend, or nobody.
    await once(outbound, 'finish');
    await nextTurn();
    outbound.destroy();
    return 'hung up';
  }
  await backend.arrival(id);
  if (phase === 'reading') await once(await answerTo(outbound), 'readable');
  const end = backend.end(id);
  outbound.destroy();
  // The hang-up has reached the last of them.
  await end;
  return 'hung up';
}

async function late({ phase, ...call }) {
  const outbound = request(call, { timebudget: phase === 'spent' ? '0' : SHORT_BUDGET });
  const response = await answerTo(outbound);
  if (phase === 'reading' && response.statusCode === 200) {
    // The answer had begun when time ran out.
    await assert.rejects(text(response), { code: 'ECONNRESET' });
    return 'cut off';
  }
  assert.equal(response.statusCode, 504);
  // Answered by the instrumentation, before the handler.
  if (phase === 'spent') assert.equal(response.headers.timebudget, '0');
  await text(response);
  return '504';
}

function request({ port, agent, path }, headers) {
  const made = http.get({ host: '127.0.0.1', port, agent, path, headers });
  // After our own `destroy`.
  made.on('error', () => {});
  return made;
}

async function answerTo(request) {
  const [response] = await once(request, 'response');
  response.on('error', () => {});
  return response;
}

const { once } = require('node:events');
const http = require('node:http');
const { finished } = require('node:stream/promises');
const { setTimeout: delay } = require('node:timers/promises');
const { abortSignal } = require('opentelemetry-propagator-deadline');

const { NEXT_PORT } = process.env;
const agent = new http.Agent({ keepAlive: true });

/**
 * Returns a promise when the step waits for something.
 *
 * @param {import('../scene.js').Step} step
 * @param {string} name of the call
 * @param {import('node:stream').Readable} body of the request
 * @returns {Promise<unknown> | undefined}
 */
exports.runStep = ({ cpu, wait, call }, name, body) => {
  if (cpu !== undefined) return burn(cpu);
  // As a call to a database: it ends with the caller's deadline where somebody knows that deadline.
  if (wait !== undefined) return delay(wait, undefined, { signal: abortSignal() });
  return call ? callNext(name) : finished(body.resume());
};

function burn(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

async function callNext(name) {
  const request = http.get({ host: '127.0.0.1', port: NEXT_PORT, path: `/${name}`, agent });
  const [answer] = await once(request, 'response');
  await finished(answer.resume());
  if (answer.statusCode !== 200) throw Object.assign(new Error('refused'), { statusCode: answer.statusCode });
}

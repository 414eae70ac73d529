// A service that works before and after its call, each time with one of a few database connections.
const { once } = require('node:events');
const http = require('node:http');
const { text } = require('node:stream/consumers');
const { setTimeout: query } = require('node:timers/promises');
const { abortSignal } = require('opentelemetry-propagator-deadline');
const { ConnectionPool } = require('./connection-pool.cjs');
const { clock } = require('./machine-clock.cjs');
const { answerWith, listen } = require('./runner-link.cjs');

const { NEXT_PORT, STATIC_TIMEOUT } = process.env;
const timeout = STATIC_TIMEOUT === undefined ? undefined : Number(STATIC_TIMEOUT);
const database = new ConnectionPool(2);

let inFlight = 0;
/** The work that was done: the request, the start and the end. */
let done = [];

async function handle(request, response) {
  const [, id, ...durations] = request.url.split('/');
  const [before, after, ...rest] = durations.map(Number);
  const signal = timeout === undefined ? abortSignal() : AbortSignal.timeout(timeout);
  await work(id, before, signal);
  if (NEXT_PORT !== undefined) await call([id, ...rest].join('/'), signal);
  await work(id, after, signal);
  response.end('done');
}

async function work(id, duration, signal) {
  const release = await database.acquire(signal);
  const start = clock();
  try {
    await query(duration, undefined, { signal });
  } finally {
    done.push({ id, start, end: clock() });
    release();
  }
}

async function call(path) {
  const request = http.get({ host: '127.0.0.1', port: NEXT_PORT, path: `/${path}`, timeout });
  request.once('timeout', () => request.destroy(new Error('timeout')));
  const [answer] = await once(request, 'response');
  await text(answer);
  if (answer.statusCode !== 200) throw new Error(`the next hop answered ${answer.statusCode}`);
}

const server = http.createServer((request, response) => {
  inFlight++;
  const failed = (error) => response.writeHead(error.statusCode ?? 500).end(error.message);
  handle(request, response)
    .catch(failed)
    .finally(() => inFlight--);
});

answerWith({
  inFlight: () => inFlight,
  takeWork() {
    const taken = done;
    done = [];
    return taken;
  },
});
listen(server);

// 100,000 streams of node:http2 through a server of the core API that passes each on: a third is answered,
// a third is cancelled, a third runs out of time. Afterwards nothing may be left. `npm run test:soak:http2`
import { once } from 'node:events';
import http2 from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { createPropagator } from 'opentelemetry-propagator-deadline';
import { DeadlineInstrumentation } from 'opentelemetry-propagator-deadline/instrumentation';
import { census } from './census.js';
import { compare } from './compare.js';

const short = process.argv.includes('--short');
const STREAMS = short ? 6_000 : 100_000;
const WARM_UP = short ? 3_000 : 12_000;
const CONCURRENCY = 48;
/** Longer than any budget here, and far more than anything takes. */
const LIMIT = 20_000;

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(createPropagator());
new DeadlineInstrumentation();

const troubles = [];
for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) {
  process.on(event, (error) => {
    if (error?.name !== 'ExperimentalWarning' && troubles.length < 10)
      troubles.push(`${event}: ${error?.stack ?? error}`);
  });
}

async function listen(serve) {
  const server = http2.createServer().on('stream', (stream, headers) => {
    stream.on('error', () => {});
    return serve(stream, headers[':path']);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** A server lets a client reset 1,000 streams of a session, and 33 a second, before it closes the session. */
const STREAMS_PER_SESSION = 900;

/** One session after the other. */
class Sessions {
  #session;
  #streams = 0;

  constructor(server) {
    this.url = `http://127.0.0.1:${server.address().port}`;
  }

  request(headers) {
    if (this.#streams++ % STREAMS_PER_SESSION === 0) this.renew();
    return this.#session.request(headers);
  }

  renew() {
    this.#session?.close();
    this.#session = http2.connect(this.url);
    this.#session.on('error', (error) => troubles.push(`a session: ${error}`));
  }
}

let inFlight = 0;
/** Answers what is fine; the rest gets half an answer, or none. */
const backend = await listen((stream, path) => {
  inFlight++;
  stream.on('close', () => inFlight--);
  if (path === '/half' || path === '/fine') stream.respond({ ':status': 200 });
  if (path === '/fine') stream.end('fine');
  else if (path === '/half') stream.write('half');
});
const behind = new Sessions(backend);
const front = await listen((stream, path) => {
  const call = behind.request({ ':path': path });
  call.on('error', () => {
    if (!stream.headersSent && !stream.closed) stream.respond({ ':status': 504 }, { endStream: true });
    else stream.close(http2.constants.NGHTTP2_CANCEL);
  });
  call.on('response', ({ ':status': status }) => {
    if (stream.closed) return;
    stream.respond({ ':status': status });
    call.pipe(stream);
  });
});
const session = new Sessions(front);

const kinds = [
  ['fine', '/fine', {}],
  ['cancelled while waiting', '/none', { hangUp: 'at once' }],
  ['late', '/none', { timebudget: '15' }],
  ['fine, with a budget', '/fine', { timebudget: '60000' }],
  ['cancelled while reading', '/half', { hangUp: 'data' }],
  ['late on arrival', '/none', { timebudget: '0' }],
  ['fine, with no body to send', '/fine', { timebudget: '60000' }],
  ['cancelled with NO_ERROR', '/half', { hangUp: 'data', code: http2.constants.NGHTTP2_NO_ERROR }],
  ['late while reading', '/half', { timebudget: '15' }],
];

async function send(number) {
  const [kind, path, { timebudget, hangUp, code = http2.constants.NGHTTP2_CANCEL }] = kinds[number % kinds.length];
  // The client is none of ours: it is bound by nothing.
  const stream = session.request({ ':path': path, ...(timebudget && { timebudget }) });
  stream.on('error', () => {});
  if (hangUp === 'data') stream.once('data', () => stream.close(code));
  else stream.resume();
  if (hangUp === 'at once') setImmediate(() => stream.close(code));
  let status;
  stream.on('response', (headers) => {
    status = headers[':status'];
  });
  await new Promise((done) => stream.on('close', done));
  return `${kind}: ${status ?? 'no answer'}`;
}

async function sendAll(count) {
  const sent = {};
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      const outcome = await Promise.race([send(number), delay(LIMIT, `stream ${number} hangs`, { ref: false })]);
      sent[outcome] = (sent[outcome] ?? 0) + 1;
      if (outcome.endsWith('hangs')) throw new Error(outcome);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return sent;
}

async function atRest() {
  for (const end = Date.now() + LIMIT; inFlight > 0; await delay(20)) {
    if (Date.now() > end) throw new Error(`${inFlight} streams are open behind the server`);
  }
  behind.renew();
  session.renew();
  await delay(1_500);
  return { ...(await census({ front, backend, process })), troubles };
}

await sendAll(WARM_UP);
const before = await atRest();
const start = performance.now();
const sent = await sendAll(STREAMS);
const seconds = (performance.now() - start) / 1e3;
const after = await atRest();
for (const [kind, count] of Object.entries(sent).sort()) console.log(`${String(count).padStart(7)} ${kind}`);
console.log(`${STREAMS} streams in ${seconds.toFixed(0)} s`);
const problems = compare(before, after);
for (const problem of problems) console.error(`soak failed: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);

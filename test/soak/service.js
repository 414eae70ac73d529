// The enforced pair: a server that passes each request on, with http.request or fetch, and tells what is left alive.
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { createPropagator } from 'opentelemetry-propagator-deadline';
import { DeadlineInstrumentation } from 'opentelemetry-propagator-deadline/instrumentation';
import { census } from './census.js';

/** ANSWER: requests are answered at their deadlines, and handlers go on for a while. */
const { BACKEND_PORT, ANSWER } = process.env;
const answer = ANSWER === 'true';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(createPropagator());
registerInstrumentations({ instrumentations: [new DeadlineInstrumentation({ server: { answer } })] });

const troubles = [];
for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) {
  process.on(event, (error) => {
    // The census counts by an experimental feature.
    if (error?.name !== 'ExperimentalWarning' && troubles.length < 10)
      troubles.push(`${event}: ${error?.stack ?? error}`);
  });
}

let inFlight = 0;

const passOn = {
  async http(path, response) {
    const answer = await new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port: BACKEND_PORT, path }, resolve).once('error', reject);
    });
    response.writeHead(answer.statusCode);
    await pipeline(answer, response);
  },

  async fetch(path, response) {
    const answer = await fetch(`http://127.0.0.1:${BACKEND_PORT}${path}`);
    response.writeHead(answer.status);
    await pipeline(Readable.fromWeb(answer.body), response);
  },
};

const server = http.createServer(async (request, response) => {
  inFlight++;
  try {
    const [, transport] = request.url.split('/');
    await passOn[transport](request.url, response);
  } catch (error) {
    if (answer) await delay(20);
    // The head has been sent, or nobody is there any more: `pipeline` has closed the response.
    if (!response.headersSent) response.writeHead(error.status ?? 500).end(error.message);
  } finally {
    inFlight--;
  }
});

process.on('message', async ({ question }) => {
  if (question === 'inFlight') process.send({ answer: inFlight });
  else process.send({ answer: { ...(await census({ server, agent: http.globalAgent, process })), troubles } });
});
// A service goes when its runner has gone, however that ended.
process.once('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', () => process.send({ answer: server.address().port }));

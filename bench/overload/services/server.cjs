// A service that does what its scene says, for each request. It counts the handlers that start and finish.
const { HEALTH } = require('./set-up.cjs');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const grpc = require('@grpc/grpc-js');
const { answerWith, listen, tellPort } = require('../../enforcement/services/runner-link.cjs');
const { CALL_METHOD } = require('./grpc-method.cjs');
const { POLL, POLL_STEPS } = require('./long-poll.cjs');
const { runStep } = require('./steps.cjs');

const { OVER, STEPS, CERTIFICATE, KEY } = process.env;
const steps = JSON.parse(STEPS);

/** What was done for calls that are measured: those that warm the process up have another name. */
const counts = { started: 0, finished: 0 };

/**
 * @param {string} name of the call
 * @param {import('node:stream').Readable} [body]
 */
async function work(name, body) {
  const measured = name !== 'warm-up';
  if (measured) counts.started++;
  for (const step of name === POLL ? POLL_STEPS : steps) {
    const pending = runStep(step, name, body);
    // Nothing but a step that waits ends the turn of the event loop.
    if (pending !== undefined) await pending;
  }
  if (measured) counts.finished++;
}

function handle(request, response) {
  if (request.url === HEALTH) {
    response.end('healthy');
    return;
  }
  work(request.url.slice(1), request).then(
    () => response.end('done'),
    (error) => {
      response.statusCode = error.statusCode ?? 500;
      response.end();
    },
  );
}

const servers = {
  http: () => http.createServer({ keepAliveTimeout: 60_000 }, handle),
  https: () => https.createServer({ keepAliveTimeout: 60_000, cert: CERTIFICATE, key: KEY }, handle),
  http2: () => http2.createServer(handle),
};

function serveGrpc() {
  const server = new grpc.Server();
  const call = ({ request }, callback) => {
    work(request.toString()).then(
      () => callback(null, Buffer.from('done')),
      () => callback({ code: grpc.status.INTERNAL }),
    );
  };
  server.addService({ call: CALL_METHOD }, { call });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    tellPort(port);
  });
}

answerWith({ counts: () => counts });
if (OVER === 'grpc') serveGrpc();
else listen(servers[OVER]());

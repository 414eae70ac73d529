// A call over each transport, as a caller makes it that does not have this package.
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const tls = require('node:tls');
const grpc = require('@grpc/grpc-js');
const { CALL_METHOD } = require('./grpc-method.cjs');

const host = '127.0.0.1';
const BODY = Buffer.alloc(16_384, 'x');

/**
 * @typedef {'good' | 'refused' | 'failed' | 'late'} Outcome
 *
 * @typedef {object} Call
 * @property {string} name
 * @property {number} [budget] ms
 * @property {number} patience ms
 *
 * @callback MakeCall
 * @param {Call} call
 * @param {(outcome: Outcome) => void} done is called once
 *
 * @typedef {object} Target
 * @property {number} port
 * @property {boolean} [kept] whether connections are kept
 * @property {boolean} [body] whether calls have a body
 * @property {string} [certificate]
 */

/** @type {Record<string, (target: Target) => MakeCall>} */
exports.callers = {
  http: (target) => overHttp(http, target),
  https: (target) => overHttp(https, target),
  http2: overHttp2,
  grpc: overGrpc,
};

function overHttp(library, { port, kept, body, certificate: ca }) {
  // One for all connections: to make one takes as long as a handshake.
  const secureContext = ca === undefined ? undefined : tls.createSecureContext({ ca });
  const agent = kept ? new library.Agent({ keepAlive: true }) : false;
  const method = body ? 'POST' : 'GET';
  const servername = 'localhost';
  return ({ name, budget, patience }, done) => {
    const request = library.request({
      host,
      port,
      agent,
      method,
      path: `/${name}`,
      headers: field(budget),
      secureContext,
      servername,
    });
    const settle = waitFor(patience, done, () => request.destroy());
    request.on('error', () => settle('failed'));
    request.once('response', (response) => {
      response.on('error', () => settle('failed'));
      response.resume().once('end', () => settle(response.statusCode === 200 ? 'good' : 'refused'));
    });
    if (!body) return request.end();
    // Over a network, a body seldom arrives with its headers.
    request.flushHeaders();
    setTimeout(() => request.end(BODY), 1);
  };
}

function overHttp2({ port }) {
  let session;
  const connect = () => {
    session = http2.connect(`http://${host}:${port}`);
    session.setMaxListeners(0);
    session.on('error', () => {});
  };
  return ({ name, budget, patience }, done) => {
    // A server may close the session after many resets.
    if (session === undefined || session.closed || session.destroyed) connect();
    const stream = session.request({ ':path': `/${name}`, ...field(budget) });
    const settle = waitFor(patience, done, () => stream.close(http2.constants.NGHTTP2_CANCEL));
    let status;
    stream.once('response', (headers) => {
      status = headers[':status'];
    });
    stream.on('error', () => settle('failed'));
    stream.resume().once('end', () => settle(status === 200 ? 'good' : 'refused'));
    stream.once('close', () => settle('failed'));
  };
}

function overGrpc({ port }) {
  const client = new grpc.Client(`${host}:${port}`, grpc.credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = CALL_METHOD;
  return ({ name, budget, patience }, done) => {
    const start = performance.now();
    const metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries(field(budget))) metadata.set(key, value);
    const options = { deadline: Date.now() + patience };
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.from(name),
      metadata,
      options,
      (error) => {
        if (error === null) done('good');
        else if (error.code === grpc.status.UNAVAILABLE) done('failed');
        // The client's own deadline and an answer of the server have the same code.
        else done(performance.now() - start < patience - 2 ? 'refused' : 'late');
      },
    );
  };
}

const field = (budget) => (budget === undefined ? {} : { timebudget: String(budget) });

/** Calls `done` with the first outcome. When there is none within `patience` ms, the caller hangs up. */
function waitFor(patience, done, hangUp) {
  let settled = false;
  const settle = (outcome) => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    done(outcome);
  };
  const timer = setTimeout(() => {
    settle('late');
    hangUp();
  }, patience);
  return settle;
}

const { once } = require('node:events');
const http = require('node:http');
const grpc = require('@grpc/grpc-js');

const serialize = (value) => Buffer.from(value);
const deserialize = (bytes) => bytes.toString();

const rippleService = {
  wait: {
    path: '/bench.Ripple/Wait',
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};
const RippleClient = grpc.makeClientConstructor(rippleService, 'Ripple');

/**
 * Each serves calls with the name of a run. `serve` gets a function that adds a hang-up listener, and one that ends the
 * call.
 */
exports.servers = {
  http(serve, tellPort) {
    const server = http.createServer((request, response) => {
      const onHangUp = (hungUp) => response.once('close', hungUp);
      serve(request.url.slice(1), onHangUp, () => response.destroy());
    });
    server.listen(0, '127.0.0.1', () => tellPort(server.address().port));
  },

  grpc(serve, tellPort) {
    const server = new grpc.Server();
    server.addService(rippleService, {
      wait(call, callback) {
        const onHangUp = (hungUp) => call.once('cancelled', hungUp);
        serve(call.request, onHangUp, () => callback({ code: grpc.status.ABORTED }));
      },
    });
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error) throw error;
      tellPort(port);
    });
  },
};

/** A server sees http calls when the client uses fetch. */
exports.servers.fetch = exports.servers.http;

let rippleClient;

/**
 * Each makes a call that is not answered. `hangUp` ends it, as an application without this package has to do by hand.
 */
exports.callsOver = {
  http(port, run) {
    const request = http.get({ host: '127.0.0.1', port, path: `/${run}` });
    return { hangUp: () => request.destroy(), ended: once(request, 'response') };
  },

  fetch(port, run) {
    const controller = new AbortController();
    const ended = fetch(`http://127.0.0.1:${port}/${run}`, { signal: controller.signal });
    return { hangUp: () => controller.abort(), ended };
  },

  grpc(port, run) {
    rippleClient ??= new RippleClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    let call;
    const ended = new Promise((resolve, reject) => {
      call = rippleClient.wait(run, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    return { hangUp: () => call.cancel(), ended };
  },
};

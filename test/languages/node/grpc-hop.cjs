// A gRPC hop: grpc-hop.cjs <the next hop's address>. Bytes in, bytes out.
const grpc = require('@grpc/grpc-js');
const { reported, tell } = require('./reports.cjs');

const bytes = (value) => value;
const method = (name, responseStream) => ({
  path: `/interop.Hop/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const service = { answer: method('Answer', false), wait: method('Wait', false), stream: method('Stream', true) };

const Client = grpc.makeClientConstructor(service, 'Hop');
const client = new Client(process.argv[2], grpc.credentials.createInsecure());

const unary = (name) => (call, done) =>
  reported({ request: String(call.request) }, async () => {
    done(
      null,
      await new Promise((resolve, reject) => {
        client[name](call.request, (error, answer) => (error ? reject(error) : resolve(answer)));
      }),
    );
  }).catch(done);

function stream(call) {
  reported({ request: String(call.request) }, async () => {
    for await (const answer of client.stream(call.request)) call.write(answer);
    call.end();
  }).catch((error) => call.emit('error', error));
}

const server = new grpc.Server();
server.addService(service, { answer: unary('answer'), wait: unary('wait'), stream });
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  tell({ event: 'listening', address: `127.0.0.1:${port}` });
});

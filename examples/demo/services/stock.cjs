// Returns the stock of the warehouses.
const { setTimeout: work } = require('node:timers/promises');
const grpc = require('@grpc/grpc-js');
const { abortSignal, remainingTime } = require('opentelemetry-propagator-deadline');
const { stockService } = require('./stock-service.cjs');
const { reportStop } = require('./stop-report.cjs');

/** How long it takes to search a warehouse, in ms. The search for a piano takes longest. */
const LOOK = { lamp: 60, piano: 5_000 };

async function look({ item }) {
  // With little time left, search the nearest warehouse only: one result is worth more than a timeout.
  const warehouses = remainingTime() > 1_000 ? 3 : 1;
  await work(LOOK[item] * warehouses, undefined, { signal: abortSignal() });
  return { warehouses };
}

function reserve({ request }, callback) {
  look(request).then(
    (answer) => callback(null, answer),
    (error) => {
      reportStop(error);
      callback(error);
    },
  );
}

const server = new grpc.Server();
server.addService(stockService, { reserve });
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send({ port });
});

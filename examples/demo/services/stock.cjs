// Knows what lies in which warehouse.
const { setTimeout: work } = require('node:timers/promises');
const grpc = require('@grpc/grpc-js');
const { abortSignal, remainingTime } = require('opentelemetry-propagator-deadline');
const { stockService } = require('./stock-service.cjs');
const { reportStop } = require('./stop-report.cjs');

/** How long it takes to look into a warehouse, in ms. For a piano somebody has to go there. */
const LOOK = { lamp: 60, piano: 5_000 };

async function look({ item }) {
  // With little time left, an answer from the nearest one is worth more than none from all.
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

// Knows what lies in which warehouse.
const { setTimeout: work } = require('node:timers/promises');
const grpc = require('@grpc/grpc-js');
const { remainingTime } = require('opentelemetry-propagator-deadline');
const { stockService } = require('./stock-service.cjs');

async function reserve(_call, callback) {
  // With little time left, an answer from the nearest one is worth more than none from all.
  const warehouses = remainingTime() > 1_000 ? 3 : 1;
  await work(60 * warehouses);
  callback(null, { warehouses });
}

const server = new grpc.Server();
server.addService(stockService, { reserve });
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send({ port });
});

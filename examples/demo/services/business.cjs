// Takes orders. It sets no timeout: it inherits the time that the edge has left.
const http = require('node:http');
const { setTimeout: work } = require('node:timers/promises');
const { promisify } = require('node:util');
const grpc = require('@grpc/grpc-js');
const { propagation } = require('@opentelemetry/api');
const { abortSignal } = require('opentelemetry-propagator-deadline');
const { stockService } = require('./stock-service.cjs');
const { reportStop } = require('./stop-report.cjs');

const StockClient = grpc.makeClientConstructor(stockService, 'Stock');
const stock = new StockClient(process.env.STOCK_ADDRESS, grpc.credentials.createInsecure());
const reserve = promisify(stock.reserve.bind(stock));

async function handle(request, response) {
  const item = new URL(request.url, 'http://business').searchParams.get('item');
  await work(100, undefined, { signal: abortSignal() }); // the tenant's price list
  const tenant = propagation.getActiveBaggage()?.getEntry('tenant_id')?.value;
  const { warehouses } = await reserve({ item });
  await work(50, undefined, { signal: abortSignal() }); // the invoice
  response.end(JSON.stringify({ item, tenant, warehouses }));
}

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    reportStop(error);
    response.writeHead(500).end(error.message);
  });
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

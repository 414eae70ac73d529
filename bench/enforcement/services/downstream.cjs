// Answers at once, with the budget that it received. Never instrumented, so that it costs the same for both set-ups.
const http = require('node:http');
const { listen } = require('./runner-link.cjs');

const server = http.createServer(({ headers: { traceparent, baggage, timebudget } }, response) => {
  const body = JSON.stringify({ traceparent, baggage, timebudget });
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
});
// Keep connections open while the other relay has its turn.
server.keepAliveTimeout = 60_000;

listen(server);

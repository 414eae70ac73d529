// Answers at once, with what it was told. Never instrumented: what it costs is the same for all.
const http = require('node:http');
const { listen } = require('./runner-link.cjs');

const server = http.createServer(({ headers: { traceparent, baggage, timebudget } }, response) => {
  const body = JSON.stringify({ traceparent, baggage, timebudget });
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
});
// Idle for as long as the other relay has its turn.
server.keepAliveTimeout = 60_000;

listen(server);

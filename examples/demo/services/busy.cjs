// A service that can answer about 100 calls a second: each takes 10 ms of CPU.
const http = require('node:http');

const COST = 10;

const server = http.createServer((_, response) => {
  const end = performance.now() + COST;
  while (performance.now() < end);
  response.end('done');
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

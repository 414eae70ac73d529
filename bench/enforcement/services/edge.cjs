// The gateway: makes one call for each request, and passes the answer on.
const http = require('node:http');
const { pipeline } = require('node:stream');
const { listen } = require('./runner-link.cjs');

const { NEXT_PORT, STATIC_TIMEOUT } = process.env;
const timeout = STATIC_TIMEOUT === undefined ? undefined : Number(STATIC_TIMEOUT);

const server = http.createServer((request, response) => {
  const call = http.get({ host: '127.0.0.1', port: NEXT_PORT, path: request.url, timeout }, (answer) => {
    response.writeHead(answer.statusCode);
    pipeline(answer, response, () => {});
  });
  call.once('timeout', () => call.destroy(new Error('timeout')));
  call.once('error', (error) => response.writeHead(error.statusCode ?? 502).end(error.message));
});

listen(server);

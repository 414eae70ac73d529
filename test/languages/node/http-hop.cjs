// A hop: http-hop.cjs [<how it calls> <the next hop's URL>]. The last of a chain has no next one.
const { once } = require('node:events');
const http = require('node:http');
const { isDeadlineExceeded } = require('opentelemetry-propagator-deadline');
const { reported, tell } = require('./reports.cjs');

const [, , client, next] = process.argv;

const clients = {
  async 'http.request'(url) {
    const request = http.request(url).end();
    const [{ statusCode }] = await once(request, 'response');
    return statusCode;
  },
  async fetch(url) {
    return (await fetch(url)).status;
  },
};

/** What the last hop does. */
const endings = {
  '/answer': () => 200,
  '/wait': (_, signal) => once(signal, 'abort').then(() => 504),
  '/hang-up': (response) => response.destroy(),
};

const server = http.createServer((request, response) => {
  const told = { request: request.url, xDeadline: request.headers['x-deadline'] };
  reported(told, async (signal) => {
    const serve = next === undefined ? endings[request.url.split('?')[0]] : () => clients[client](next + request.url);
    const status = await serve(response, signal);
    if (!response.destroyed) response.writeHead(status).end();
  }).catch((error) => response.writeHead(isDeadlineExceeded(error) ? 504 : 502).end());
});

server.listen(0, '127.0.0.1', () => tell({ event: 'listening', address: `127.0.0.1:${server.address().port}` }));

// The server whose throughput is measured: each request makes one call downstream and passes the answer on.
const http = require('node:http');
const { json } = require('node:stream/consumers');
const { answerWith, listen } = require('./runner-link.cjs');

const { DOWNSTREAM_PORT } = process.env;
const agent = new http.Agent({ keepAlive: true });

const server = http.createServer((request, response) => {
  const options = { host: '127.0.0.1', port: DOWNSTREAM_PORT, path: request.url, agent };
  const call = http.get(options, async (answer) => {
    const body = JSON.stringify({ relayed: await json(answer) });
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  call.on('error', (error) => response.writeHead(500).end(error.message));
});

answerWith({
  /** CPU time of this process, in ms. */
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  },
});
listen(server);

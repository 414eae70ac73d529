const http = require('node:http');
const deadline = require('opentelemetry-propagator-deadline');
const { handlerWith } = require('./handler.cjs');

const server = http.createServer(handlerWith(deadline));
server.listen(0, '127.0.0.1', () => process.send(server.address().port));

// Returns the user of a session.
const http = require('node:http');
const { setTimeout: work } = require('node:timers/promises');

const sessions = new Map([
  ['ann', { user_id: 'u-17', tenant_id: 'acme' }],
  ['bob', { user_id: 'u-42', tenant_id: 'globex' }],
]);

const server = http.createServer(async (request, response) => {
  const session = new URL(request.url, 'http://auth').searchParams.get('session');
  await work(200);
  response.end(JSON.stringify(sessions.get(session)));
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

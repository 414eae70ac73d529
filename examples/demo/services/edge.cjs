// The gateway: gets the user from auth, then the order from business. telemetry.cjs sets how long it waits.
const { once } = require('node:events');
const http = require('node:http');
const { json } = require('node:stream/consumers');
const { context, propagation } = require('@opentelemetry/api');
const { reportStop } = require('./stop-report.cjs');

const { AUTH_URL, BUSINESS_URL } = process.env;

async function handle(request, response) {
  const { searchParams } = new URL(request.url, 'http://edge');
  const answer = await fetch(`${AUTH_URL}/?session=${searchParams.get('session')}`);
  const { user_id, tenant_id } = await answer.json();
  const baggage = propagation.createBaggage({ user_id: { value: user_id }, tenant_id: { value: tenant_id } });
  const order = () => placeOrder(searchParams.get('item'));
  response.end(JSON.stringify(await context.with(propagation.setBaggage(context.active(), baggage), order)));
}

async function placeOrder(item) {
  const request = http.get(`${BUSINESS_URL}/orders?item=${item}`);
  const [response] = await once(request, 'response');
  if (response.statusCode === 200) return json(response);
  response.resume();
  throw new AnsweredError(response);
}

/** Business has the same deadline, and may be the first to report that it has passed. */
class AnsweredError extends Error {
  constructor({ statusCode, headers }) {
    super(`business answered ${statusCode}`);
    this.statusCode = statusCode;
    this.code = headers.timebudget === '0' ? 'DEADLINE_EXCEEDED' : 'UNKNOWN';
  }
}

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    reportStop(error);
    response.writeHead(error.statusCode ?? 502).end(error.message);
  });
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

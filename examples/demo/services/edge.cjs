// The gateway: decides how long the client waits, and asks auth who is calling.
const { once } = require('node:events');
const http = require('node:http');
const { json } = require('node:stream/consumers');
const { context, propagation } = require('@opentelemetry/api');
const { abortSignal, withTimeout } = require('opentelemetry-propagator-deadline');

const { AUTH_URL, BUSINESS_URL } = process.env;

async function handle(request, response) {
  const answer = await fetch(new URL(request.url, AUTH_URL), { signal: abortSignal() });
  const { user_id, tenant_id } = await answer.json();
  const baggage = propagation.createBaggage({ user_id: { value: user_id }, tenant_id: { value: tenant_id } });
  const order = await context.with(propagation.setBaggage(context.active(), baggage), placeOrder);
  response.end(JSON.stringify(order));
}

async function placeOrder() {
  const request = http.get(`${BUSINESS_URL}/orders`, { signal: abortSignal() });
  const [response] = await once(request, 'response');
  return json(response);
}

const server = http.createServer((request, response) => {
  withTimeout(10_000, () => handle(request, response)).catch((error) => {
    response.writeHead(error.statusCode ?? 502).end(error.message);
  });
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

// A service with a pool of 10. `/slow?id` takes 2 s of the database, `/fast` 5 ms. Its argument: what it is set up with.
import http from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { createPropagator } from 'opentelemetry-propagator-deadline';
import { DeadlineInstrumentation } from 'opentelemetry-propagator-deadline/instrumentation';

const { options, config } = JSON.parse(process.argv[2]);
if (config !== undefined) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(createPropagator());
  new DeadlineInstrumentation(config);
}
const { default: pg } = await import('pg');

const pool = new pg.Pool({ ...options, max: 10 });
pool.on('error', () => {});
const texts = {
  '/slow': (id) => `select pg_sleep(2) /* slow ${id} */`,
  '/fast': () => 'select pg_sleep(0.005)',
};
const server = http.createServer((request, response) => {
  const [path, id] = request.url.split('?');
  pool.query(texts[path](id)).then(
    () => response.end('done'),
    (error) => response.writeHead(error.status ?? 500).end(),
  );
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));

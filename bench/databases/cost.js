import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { withTimeout } from 'opentelemetry-propagator-deadline';
import { DeadlineInstrumentation } from 'opentelemetry-propagator-deadline/instrumentation';
import { printTable } from '../table.js';

const HOUR = 3_600_000;

const WAYS = [
  ['without', { databases: { pg: false } }, (fn) => fn()],
  ['none', {}, (fn) => fn()],
  ['scope', {}, (fn) => withTimeout(HOUR, fn)],
];

/**
 * Prints what a statement costs that nobody cancels, on a server that answers at once: without the instrumentation, in no
 * scope, and in a scope that it is the only call of.
 *
 * @param {{ rounds: number, calls: number }} effort
 */
export async function databaseCost({ rounds, calls }) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const instrumentation = new DeadlineInstrumentation({ databases: { pg: false } });
  const { default: pg } = await import('pg');
  const { StubClient } = await import('./stub.js');
  const client = new StubClient();
  await client.connect();
  const pool = new pg.Pool({ Client: StubClient, max: 1 });
  const subjects = { client: () => client.query('select 1'), pool: () => pool.query('select 1') };
  // Not in turn: each switch would have the compiler begin anew.
  const best = {};
  for (const [way, config, run] of WAYS) {
    instrumentation.setConfig(config);
    for (const [name, call] of Object.entries(subjects)) {
      best[name] ??= {};
      const of = best[name];
      await run(async () => {
        for (let round = 0; round < rounds; round++) {
          of[way] = Math.min(of[way] ?? Infinity, await time(call, calls));
        }
      });
    }
  }
  const rows = Object.keys(subjects).map((name) => {
    const { without, none, scope } = best[name];
    return [name, ...[without, none - without, scope - without].map((us) => us.toFixed(2))];
  });
  printTable(
    'databases: us a statement, when nothing is cancelled, on a stub without a socket',
    ['pg', 'without us', 'in no scope +', 'in a scope +'],
    rows,
  );
  instrumentation.disable();
  context.disable();
}

/** The average time of one call, in us. */
async function time(call, calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) await call();
  return ((performance.now() - start) / calls) * 1_000;
}

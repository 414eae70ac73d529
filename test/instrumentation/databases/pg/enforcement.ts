import type { InstrumentationBase } from '@opentelemetry/instrumentation';
import pg from 'pg';
import type { DeadlineInstrumentation } from '../../../../src/instrumentation/deadline-instrumentation.js';
import type { DeadlineInstrumentationConfig } from '../../../../src/instrumentation/options.js';
import { Enforcement } from '../../../support/enforcement.js';
import type { StandIn } from './stand-in.js';

/** The set-up for tests of pg, against a stand-in for the server. What a test has opened is closed at its end. */
export class PgEnforcement extends Enforcement {
  private readonly opened: { end(): Promise<void> }[] = [];

  constructor(
    private readonly server: StandIn,
    config: DeadlineInstrumentationConfig = {},
  ) {
    super(config);
    afterEach(async () => {
      await Promise.all(this.opened.splice(0).map((each) => each.end()));
    });
  }

  async client(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ ...this.server.options, ...options });
    client.on('error', () => {});
    await client.connect();
    this.opened.push(client);
    return client;
  }

  pool(options: pg.PoolConfig = {}): pg.Pool {
    const pool = new pg.Pool({ ...this.server.options, idleTimeoutMillis: 0, ...options });
    pool.on('error', () => {});
    this.opened.push(pool);
    return pool;
  }

  protected override switchOn(config: DeadlineInstrumentationConfig): DeadlineInstrumentation {
    return load(super.switchOn(config));
  }
}

const DRIVER = ['pg', 'pg-pool'];

/** What the hook on `require` does in a process; jest has a `require` of its own. */
export function load<T extends Pick<InstrumentationBase, 'getModuleDefinitions'>>(instrumentation: T): T {
  for (const { name, patch } of instrumentation.getModuleDefinitions())
    if (DRIVER.includes(name)) patch?.(require(name));
  return instrumentation;
}

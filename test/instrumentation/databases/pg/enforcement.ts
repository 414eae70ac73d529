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
    private readonly driver: 'pg' | 'pg-oldest' = 'pg',
  ) {
    super(config);
    afterEach(async () => {
      await Promise.all(this.opened.splice(0).map((each) => each.end()));
    });
  }

  /** Closes `each` at the end of the test. */
  opens<T extends pg.Client | pg.Pool>(each: T): T {
    (each as NodeJS.EventEmitter).on('error', () => {});
    this.opened.push(each);
    return each;
  }

  async client(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ ...this.server.options, ...options });
    await client.connect();
    return this.opens(client);
  }

  pool(options: pg.PoolConfig = {}): pg.Pool {
    return this.opens(new pg.Pool({ ...this.server.options, idleTimeoutMillis: 0, ...options }));
  }

  protected override switchOn(config: DeadlineInstrumentationConfig): DeadlineInstrumentation {
    return load(super.switchOn(config), this.driver);
  }
}

/** What the hook on `require` does in a process; jest has a `require` of its own. */
function load<T extends Pick<InstrumentationBase, 'getModuleDefinitions'>>(instrumentation: T, driver: string): T {
  const loaded: Readonly<Record<string, string>> = { pg: driver, 'pg-pool': 'pg-pool' };
  for (const { name, patch } of instrumentation.getModuleDefinitions()) {
    if (loaded[name] !== undefined) patch?.(require(loaded[name]));
  }
  return instrumentation;
}

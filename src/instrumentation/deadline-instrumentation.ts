import { InstrumentationBase } from '@opentelemetry/instrumentation';
import { instrumentHttpClient } from './http-client.js';
import { instrumentHttpServers } from './http-server.js';
import {
  type DeadlineInstrumentationConfig,
  type InstrumentationSettings,
  resolveInstrumentationConfig,
} from './options.js';

const NAME = 'opentelemetry-propagator-deadline';
const VERSION = '0.1.0';

/**
 * Makes deadlines and cancellation count: work stops when nobody waits for it.
 *
 * For `registerInstrumentations` and `new NodeSDK({ instrumentations: [new DeadlineInstrumentation(), ...] })`, beside
 * a propagator that carries the deadline; in any order with other instrumentations.
 */
export class DeadlineInstrumentation extends InstrumentationBase<DeadlineInstrumentationConfig> {
  /** What takes the patches off; `undefined` while disabled. (No initialiser: the base class enables before it runs.) */
  declare private undo: (() => void)[] | undefined;

  /** @throws TypeError or RangeError that names the option and quotes what it got */
  constructor(config: DeadlineInstrumentationConfig = {}) {
    resolveInstrumentationConfig(config);
    super(NAME, VERSION, config);
  }

  protected init(): undefined {
    return undefined;
  }

  override enable(): void {
    super.enable();
    this.undo ??= patchAll(resolveInstrumentationConfig(this.getConfig()));
  }

  override disable(): void {
    super.disable();
    for (const step of this.undo ?? []) step();
    this.undo = undefined;
  }
}

function patchAll(settings: InstrumentationSettings): (() => void)[] {
  const undo = [instrumentHttpServers(settings)];
  if (settings.client.http) undo.push(instrumentHttpClient(settings));
  return undo;
}

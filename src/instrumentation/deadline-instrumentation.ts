import { InstrumentationBase, type InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import { GrpcModules } from './grpc-modules.js';
import { instrumentHttpClient } from './http-client.js';
import { instrumentHttpServers } from './http-server.js';
import {
  type DeadlineInstrumentationConfig,
  type InstrumentationSettings,
  resolveInstrumentationConfig,
} from './options.js';
import { instrumentUndici } from './undici-client.js';
import { undiciModule } from './undici-copies.js';

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
  declare private grpc: GrpcModules | undefined;

  /** @throws TypeError or RangeError that names the option and quotes what it got */
  constructor(config: DeadlineInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /**
   * Takes effect at once.
   *
   * @throws TypeError or RangeError that names the option and quotes what it got
   */
  override setConfig(config: DeadlineInstrumentationConfig): void {
    resolveInstrumentationConfig(config);
    super.setConfig(config);
    if (this.undo === undefined) return;
    this.disable();
    this.enable();
  }

  protected init(): InstrumentationNodeModuleDefinition[] {
    this.grpc ??= new GrpcModules();
    return [this.grpc.definition(), undiciModule()];
  }

  override enable(): void {
    super.enable();
    const settings = resolveInstrumentationConfig(this.getConfig());
    this.undo ??= patchAll(settings);
    this.grpc?.enable(settings);
  }

  override disable(): void {
    super.disable();
    for (const step of this.undo ?? []) step();
    this.undo = undefined;
    this.grpc?.disable();
  }
}

function patchAll(settings: InstrumentationSettings): (() => void)[] {
  const undo = [instrumentHttpServers(settings)];
  if (settings.client.http) undo.push(instrumentHttpClient(settings));
  if (settings.client.undici) undo.push(instrumentUndici(settings));
  return undo;
}

import { InstrumentationBase, type InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import { ENABLED_INSTRUMENTATION } from '../private-keys.js';
import { type Inbound, inboundOf } from '../propagation/inbound.js';
import { processRegistry } from '../propagation/process-registry.js';
import { recordMetrics } from '../telemetry/deadline-metrics.js';
import { VERSION } from '../version.js';
import { pgModules } from './databases/pg/loaded-classes.js';
import { grpcModule } from './grpc/loaded-classes.js';
import type { Undo } from './hooks/patch-method.js';
import type { DeadlineInstrumentationConfig } from './options.js';
import { installPatches } from './patches.js';
import { resolveSettings } from './settings.js';
import { undiciModule } from './undici/loaded-classes.js';

const NAME = 'opentelemetry-propagator-deadline';

const enabled = globalThis as { [ENABLED_INSTRUMENTATION]?: DeadlineInstrumentation | undefined };

/**
 * Makes deadlines and cancellation count: work stops when nobody waits for it.
 *
 * For `registerInstrumentations` and `new NodeSDK({ instrumentations: [new DeadlineInstrumentation(), ...] })`, beside
 * a propagator that carries the deadline; in any order with other instrumentations. Of several only the last one that
 * was enabled is on.
 */
export class DeadlineInstrumentation extends InstrumentationBase<DeadlineInstrumentationConfig> {
  /** What takes the patches off; `undefined` while disabled. (No initialiser: the base class enables before it runs.) */
  declare private uninstall: Undo | undefined;
  declare private stopMetrics: (() => void) | undefined;

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
    resolveSettings(config);
    super.setConfig(config);
    if (this.uninstall === undefined) return;
    this.disable();
    this.enable();
  }

  protected init(): InstrumentationNodeModuleDefinition[] {
    return [grpcModule(), undiciModule(), ...pgModules()];
  }

  override enable(): void {
    super.enable();
    const other = enabled[ENABLED_INSTRUMENTATION];
    if (other !== undefined && other !== this) {
      this._diag.warn('another DeadlineInstrumentation was enabled: it is disabled now, because one process needs one');
      other.disable();
    }
    enabled[ENABLED_INSTRUMENTATION] = this;
    processRegistry().finder = this;
    this.uninstall ??= installPatches(resolveSettings(this.getConfig()));
    this.stopMetrics ??= recordMetrics(this.meter);
  }

  override disable(): void {
    super.disable();
    if (enabled[ENABLED_INSTRUMENTATION] === this) delete enabled[ENABLED_INSTRUMENTATION];
    const registry = processRegistry();
    if (registry.finder === this) registry.finder = undefined;
    this.uninstall?.();
    this.uninstall = undefined;
    this.stopMetrics?.();
    this.stopMetrics = undefined;
  }

  /** @internal As an `InboundFinder`: for the propagators of another copy of this package. */
  inboundOf(carrier: unknown): Inbound | undefined {
    return inboundOf(carrier);
  }

  /** There is another meter: the SDK registers its own after it has enabled the instrumentations. */
  protected override _updateMetricInstruments(): void {
    if (this.stopMetrics === undefined) return;
    this.stopMetrics();
    this.stopMetrics = recordMetrics(this.meter);
  }
}

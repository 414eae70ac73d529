import { InstrumentationBase, type InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import { recordMetrics } from '../telemetry/deadline-metrics.js';
import { GrpcModules } from './grpc/loaded-classes.js';
import { instrumentHttpClient } from './http/client.js';
import { instrumentHttpServers } from './http/server.js';
import { detectLostContexts } from './lost-context/lost-contexts.js';
import type { DeadlineInstrumentationConfig } from './options.js';
import { releaseCallsInFlight } from './outbound/outbound-call.js';
import { resolveSettings, type Settings } from './settings.js';
import { instrumentUndici } from './undici/client.js';
import { undiciModule } from './undici/loaded-classes.js';

const NAME = 'opentelemetry-propagator-deadline';
const VERSION = '0.1.0';

/**
 * Where the one is kept that is switched on, whichever copy of this package it is of: two would stamp, count and abort
 * everything twice.
 */
const ACTIVE = Symbol.for('opentelemetry-propagator-deadline.instrumentation');
const registry = globalThis as { [ACTIVE]?: DeadlineInstrumentation | undefined };

/**
 * Makes deadlines and cancellation count: work stops when nobody waits for it.
 *
 * For `registerInstrumentations` and `new NodeSDK({ instrumentations: [new DeadlineInstrumentation(), ...] })`, beside
 * a propagator that carries the deadline; in any order with other instrumentations. Of several only the last one that
 * was enabled is on.
 */
export class DeadlineInstrumentation extends InstrumentationBase<DeadlineInstrumentationConfig> {
  /** What takes the patches off; `undefined` while disabled. (No initialiser: the base class enables before it runs.) */
  declare private undo: (() => void)[] | undefined;
  declare private grpc: GrpcModules | undefined;
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
    const { [ACTIVE]: active } = registry;
    if (active !== undefined && active !== this) {
      this._diag.warn('takes the place of another DeadlineInstrumentation');
      active.disable();
    }
    registry[ACTIVE] = this;
    const settings = resolveSettings(this.getConfig());
    this.undo ??= patchAll(settings);
    this.grpc?.enable(settings);
    this.stopMetrics ??= recordMetrics(this.meter);
  }

  override disable(): void {
    super.disable();
    if (registry[ACTIVE] === this) delete registry[ACTIVE];
    for (const step of this.undo ?? []) step();
    this.undo = undefined;
    this.grpc?.disable();
    this.stopMetrics?.();
    this.stopMetrics = undefined;
  }

  /** There is another meter: the SDK registers its own after it has enabled the instrumentations. */
  protected override _updateMetricInstruments(): void {
    if (this.stopMetrics === undefined) return;
    this.stopMetrics();
    this.stopMetrics = recordMetrics(this.meter);
  }
}

function patchAll(settings: Settings): (() => void)[] {
  const undo = [releaseCallsInFlight, detectLostContexts(settings.lostContexts), instrumentHttpServers(settings)];
  if (settings.client.http) undo.push(instrumentHttpClient(settings));
  if (settings.client.undici) undo.push(instrumentUndici(settings));
  return undo;
}

import {
  type ContextAPI,
  type DiagAPI,
  type MeterProvider,
  type MetricsAPI,
  type PropagationAPI,
  ROOT_CONTEXT,
  type TextMapPropagator,
  type TraceAPI,
  type TracerProvider,
} from '@opentelemetry/api';
import { type Method, type Patched, patchMethod } from '../instrumentation/hooks/patch-method.js';
import { probeInjection } from '../propagation/probe-injection.js';

/**
 * A copy of `@opentelemetry/api`. SDK 3 has two copies in one process, for `import` and for `require`: each has its own
 * functions, over the same globals.
 */
export interface Api {
  readonly context: ContextAPI;
  readonly propagation: PropagationAPI;
  readonly metrics: MetricsAPI;
  readonly trace: TraceAPI;
  readonly diag: DiagAPI;
}

/** The names of the propagators that the SDKs of both lines support. */
const KNOWN_TO_SDK = ['tracecontext', 'baggage', 'b3', 'b3multi', 'none'];

/**
 * Lets an SDK that starts after this package run with the propagator of this package. The environment is not changed:
 * the SDK reads `OTEL_PROPAGATORS` itself, makes those propagators that it supports, and registers them. That
 * registration is ignored.
 */
export class SdkStart {
  constructor(private readonly apis: Iterable<Api>) {}

  /**
   * Keeps `ours` as the global propagator: later registrations are ignored, unless the propagator carries deadlines
   * itself, because the application has made it with this package.
   *
   * @param warn called when a propagator is ignored that has fields which `ours` does not have
   */
  keep(ours: TextMapPropagator, warn: (message: string) => void): void {
    for (const { propagation } of this.apis) {
      patchMethod(propagation, 'setGlobalPropagator', wrapSetGlobalPropagator, { ours, warn });
    }
  }

  /** Suppresses the SDK's warnings about names in `OTEL_PROPAGATORS` that only this package supports. */
  answerFor(names: readonly string[]): void {
    const quoted = names.filter((name) => !KNOWN_TO_SDK.includes(name)).map((name) => `"${name}"`);
    const isAnswered = (message: unknown) =>
      typeof message === 'string' && /propagator/i.test(message) && quoted.some((name) => message.includes(name));
    for (const { diag } of this.apis) patchMethod(diag, 'warn', wrapWarn, isAnswered);
  }

  /**
   * Calls `listener` when the SDK starts. It registers its context manager first, when it has made its
   * instrumentations.
   */
  onStart(listener: () => void): void {
    for (const { context } of this.apis) patchMethod(context, 'setGlobalContextManager', wrapRegistration, listener);
  }

  /** Calls `listener` with the MeterProvider that the SDK registers. */
  onMeterProvider(listener: (provider: MeterProvider) => void): void {
    for (const { metrics } of this.apis) patchMethod(metrics, 'setGlobalMeterProvider', wrapRegistration, listener);
  }

  /** Calls `listener` with the TracerProvider that the SDK registers. */
  onTracerProvider(listener: (provider: TracerProvider) => void): void {
    for (const { trace } of this.apis) patchMethod(trace, 'setGlobalTracerProvider', wrapRegistration, listener);
  }
}

/** The propagator to keep, and the function that is called when another one with other fields is ignored. */
interface Kept {
  readonly ours: TextMapPropagator;
  readonly warn: (message: string) => void;
}

function wrapSetGlobalPropagator(original: Method, patched: Patched<Kept>): Method {
  return function setGlobalPropagator(this: PropagationAPI, propagator: TextMapPropagator): boolean {
    const { settings: kept } = patched;
    const ours = kept?.ours.fields() ?? [];
    if (kept === undefined || String(this.fields()) !== String(ours)) return original.call(this, propagator);
    const carriesDeadline = probeInjection(ROOT_CONTEXT, propagator) !== undefined;
    if (carriesDeadline) {
      this.disable();
      return original.call(this, propagator);
    }
    const lost = propagator.fields().filter((field) => !ours.includes(field));
    if (lost.length > 0)
      kept.warn(`a propagator with the fields ${lost.join(', ')} is ignored: add it to OTEL_PROPAGATORS`);
    return true;
  };
}

/** The settings are a predicate: whether to suppress a warning. */
function wrapWarn(original: Method, patched: Patched<(message: unknown) => boolean>): Method {
  return function warn(this: DiagAPI, ...args: unknown[]): void {
    if (!patched.settings?.(args[0])) original.apply(this, args);
  };
}

/** The settings are a listener, which is called with the object that was registered. */
function wrapRegistration<T>(original: Method, patched: Patched<(registered: T) => void>): Method {
  return function setGlobal(this: unknown, offered: T): boolean {
    const registered = original.call(this, offered);
    if (registered) patched.settings?.(offered);
    return registered;
  };
}

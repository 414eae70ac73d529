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
 * What is used of a copy of `@opentelemetry/api`. SDK 3 has two in one process, for `import` and for `require`: each has
 * functions of its own, over the same globals.
 */
export interface Api {
  readonly context: ContextAPI;
  readonly propagation: PropagationAPI;
  readonly metrics: MetricsAPI;
  readonly trace: TraceAPI;
  readonly diag: DiagAPI;
}

/** The names of propagators that the SDKs of both lines know. */
const KNOWN_TO_SDK = ['tracecontext', 'baggage', 'b3', 'b3multi', 'none'];

/**
 * Lets an SDK start after us as if it had been told of our propagator. The environment is left alone: the SDK reads
 * `OTEL_PROPAGATORS` itself, makes what it knows of it, and registers that; which is then left out.
 */
export class SdkStart {
  constructor(private readonly apis: Iterable<Api>) {}

  /**
   * Keeps `ours` the global propagator. One that carries the deadline itself (an application's own, made in code) takes
   * its place.
   *
   * @param warn told when one is left out that has fields which ours has not
   */
  keep(ours: TextMapPropagator, warn: (message: string) => void): void {
    for (const { propagation } of this.apis) {
      patchMethod(propagation, 'setGlobalPropagator', wrapSetGlobalPropagator, { ours, warn });
    }
  }

  /** Keeps the SDK from warning of names in `OTEL_PROPAGATORS` that it does not know, and that we have seen to. */
  answerFor(names: readonly string[]): void {
    const quoted = names.filter((name) => !KNOWN_TO_SDK.includes(name)).map((name) => `"${name}"`);
    const isAnswered = (message: unknown) =>
      typeof message === 'string' && /propagator/i.test(message) && quoted.some((name) => message.includes(name));
    for (const { diag } of this.apis) patchMethod(diag, 'warn', wrapWarn, isAnswered);
  }

  /** Tells that the SDK starts: it registers its context manager first of all, when its instrumentations are made. */
  onStart(listener: () => void): void {
    for (const { context } of this.apis) patchMethod(context, 'setGlobalContextManager', wrapRegistration, listener);
  }

  /** Tells of the MeterProvider that the SDK registers. */
  onMeterProvider(listener: (provider: MeterProvider) => void): void {
    for (const { metrics } of this.apis) patchMethod(metrics, 'setGlobalMeterProvider', wrapRegistration, listener);
  }

  /** Tells of the TracerProvider that the SDK registers. */
  onTracerProvider(listener: (provider: TracerProvider) => void): void {
    for (const { trace } of this.apis) patchMethod(trace, 'setGlobalTracerProvider', wrapRegistration, listener);
  }
}

/** The propagator that is to stay, and who is told when another one is left out. */
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
    if (lost.length > 0) kept.warn(`a propagator of ${lost.join(', ')} is left out: name it in OTEL_PROPAGATORS`);
    return true;
  };
}

/** Its settings: whether a warning is left out. */
function wrapWarn(original: Method, patched: Patched<(message: unknown) => boolean>): Method {
  return function warn(this: DiagAPI, ...args: unknown[]): void {
    if (!patched.settings?.(args[0])) original.apply(this, args);
  };
}

/** Its settings: who is told of what was registered. */
function wrapRegistration<T>(original: Method, patched: Patched<(registered: T) => void>): Method {
  return function setGlobal(this: unknown, offered: T): boolean {
    const registered = original.call(this, offered);
    if (registered) patched.settings?.(offered);
    return registered;
  };
}

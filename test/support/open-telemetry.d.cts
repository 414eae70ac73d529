import type { TextMapPropagator } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { NodeSDK, NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';

/** What is called for each span. */
type Spans = Partial<Pick<SpanProcessor, 'onStart' | 'onEnd'>>;

type SdkOptions = Partial<Omit<NodeSDKConfiguration, 'instrumentations'>> & {
  spans?: Spans;
  instrumentations?: () => NodeSDKConfiguration['instrumentations'];
};

/**
 * Starts the SDK as applications do. It exports nothing.
 *
 * @param options those of NodeSDK. Instrumentations are made behind its import, as in applications: what it loads is not
 * patched
 */
export declare function startSdk(options: SdkOptions): NodeSDK;

/**
 * Starts of the SDK what takes part in requests: context manager, propagator, spans and instrumentations. A process loads
 * these in half of the time that the SDK takes, whose exporters are most of it.
 *
 * @param options as those of `startSdk`
 */
export declare function startParts(options: {
  textMapPropagator: TextMapPropagator;
  spans?: Spans;
  instrumentations: () => Instrumentation[];
}): void;

/**
 * Registers the parts of OpenTelemetry that a deadline needs: context manager and propagator, and a TracerProvider
 * where there is something to call for its spans.
 */
export declare function registerGlobals(options: { textMapPropagator: TextMapPropagator; spans?: Spans }): void;

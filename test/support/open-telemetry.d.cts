import type { TextMapPropagator } from '@opentelemetry/api';
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
 * Registers the parts of OpenTelemetry that a deadline needs: context manager and propagator, and a TracerProvider
 * where there is something to call for its spans. A process loads them in half of the time that the SDK takes.
 */
export declare function registerGlobals(options: { textMapPropagator: TextMapPropagator; spans?: Spans }): void;

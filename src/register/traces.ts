import { type Context, context as contextApi, type Span, type TracerProvider } from '@opentelemetry/api';
import { type Method, type Patched, patchMethod } from '../instrumentation/hooks/patch-method.js';
import { DeadlineSpanProcessor } from '../telemetry/deadline-span-processor.js';
import type { DeadlineSpanProcessorOptions } from '../telemetry/span-options.js';

/**
 * Runs a {@link DeadlineSpanProcessor} for the spans of a TracerProvider. An SDK accepts processors in its constructor
 * only. Every provider has `startSpan` of its tracers and `end` of its spans, so these two methods are wrapped instead.
 *
 * WORKAROUND @opentelemetry/sdk-trace all: a span processor can't be added to a provider that exists (no issue known); remove
 * when it can.
 */
export function showDeadlines(provider: TracerProvider, options?: DeadlineSpanProcessorOptions): void {
  const tracerClass = Object.getPrototypeOf(provider.getTracer('opentelemetry-propagator-deadline'));
  patchMethod(tracerClass, 'startSpan', wrapStartSpan, new DeadlineSpanProcessor(options));
}

/** The classes of spans whose `end` is wrapped. */
const spanClasses = new WeakSet<object>();

function wrapStartSpan(original: Method, patched: Patched<DeadlineSpanProcessor>): Method {
  return function startSpan(
    this: unknown,
    name: string,
    options: unknown,
    parent: Context = contextApi.active(),
  ): Span {
    const span: Span = original.call(this, name, options, parent);
    const { settings: processor } = patched;
    if (processor === undefined || !span.isRecording()) return span;
    const spanClass = Object.getPrototypeOf(span);
    if (!spanClasses.has(spanClass)) patchMethod(spanClass, 'end', wrapEnd, processor);
    spanClasses.add(spanClass);
    processor.onStart(span, parent);
    return span;
  };
}

function wrapEnd(original: Method, patched: Patched<DeadlineSpanProcessor>): Method {
  return function end(this: Span, ...args: unknown[]): void {
    patched.settings?.onEnding(this);
    patched.settings?.onEnd(this);
    original.apply(this, args);
  };
}

import { type Context, context as contextApi, type Span, type TracerProvider } from '@opentelemetry/api';
import { type Method, patchMethod } from '../instrumentation/hooks/patch-method.js';
import { DeadlineSpanProcessor } from '../telemetry/deadline-span-processor.js';

/**
 * Runs a {@link DeadlineSpanProcessor} for the spans of a TracerProvider. An SDK accepts processors in its constructor
 * only. Every provider has `startSpan` of its tracers and `end` of its spans, so these two methods are wrapped instead.
 */
export function showDeadlines(provider: TracerProvider): void {
  patchMethod(
    Object.getPrototypeOf(provider.getTracer('opentelemetry-propagator-deadline')),
    'startSpan',
    wrapStartSpan,
  );
}

const processor = new DeadlineSpanProcessor();

/** The classes of spans whose `end` is wrapped. */
const spanClasses = new WeakSet<object>();

function wrapStartSpan(original: Method): Method {
  return function startSpan(
    this: unknown,
    name: string,
    options: unknown,
    parent: Context = contextApi.active(),
  ): Span {
    const span: Span = original.call(this, name, options, parent);
    if (!span.isRecording()) return span;
    const spanClass = Object.getPrototypeOf(span);
    if (!spanClasses.has(spanClass)) patchMethod(spanClass, 'end', wrapEnd);
    spanClasses.add(spanClass);
    processor.onStart(span, parent);
    return span;
  };
}

function wrapEnd(original: Method): Method {
  return function end(this: Span, ...args: unknown[]): void {
    processor.onEnding(this);
    processor.onEnd(this);
    original.apply(this, args);
  };
}

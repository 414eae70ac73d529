import { type Context, context as contextApi, type Span, type TracerProvider } from '@opentelemetry/api';
import { patchMethod } from '../instrumentation/patch.js';
import { DeadlineSpanProcessor } from '../telemetry/deadline-span-processor.js';

/**
 * Lets the spans of a TracerProvider show deadlines as {@link DeadlineSpanProcessor} does. An SDK takes processors in its
 * constructor alone, so what is wrapped is what every provider has: `startSpan` of its tracers and `end` of its spans.
 */
export function showDeadlines(provider: TracerProvider): void {
  const processor = new DeadlineSpanProcessor();
  const spanClasses = new WeakSet<object>();
  const tracerClass = Object.getPrototypeOf(provider.getTracer('opentelemetry-propagator-deadline'));
  patchMethod(tracerClass, 'startSpan', (original) => {
    return function startSpan(
      this: unknown,
      name: string,
      options: unknown,
      parent: Context = contextApi.active(),
    ): Span {
      const span: Span = original.call(this, name, options, parent);
      if (!span.isRecording()) return span;
      const spanClass = Object.getPrototypeOf(span);
      if (!spanClasses.has(spanClass)) watchEnds(spanClass, processor);
      spanClasses.add(spanClass);
      processor.onStart(span, parent);
      return span;
    };
  });
}

function watchEnds(spanClass: object, processor: DeadlineSpanProcessor): void {
  patchMethod(spanClass, 'end', (original) => {
    return function end(this: Span, ...args: unknown[]): void {
      processor.onEnding(this);
      processor.onEnd(this);
      original.apply(this, args);
    };
  });
}

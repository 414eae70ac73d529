import type { Context, Span } from '@opentelemetry/api';
import { getScope } from '../context/context-scope.js';
import type { Scope } from '../context/scope/scope.js';
import { isDeadlineExceeded } from '../errors.js';
import { SPAN_SCOPE } from '../private-keys.js';
import { NEVER, now } from '../time/clock.js';
import { type EndedBy, isEndedGrpcCall } from './grpc-ending.js';
import { hopOf } from './hop.js';
import { clearHangUp, type EndingSpan } from './http-hang-up.js';
import { type DeadlineSpanProcessorOptions, resolveSpanOptions } from './span-options.js';

/** Kept on a span that started under a scope. */
interface Watched {
  readonly scope: Scope;
  /** When the span started, on the clock of `now()`. */
  readonly start: number;
}

type WatchedSpan = EndingSpan & { [SPAN_SCOPE]?: Watched | undefined };

/**
 * A span processor that shows deadlines in traces, for
 * `new NodeSDK({ spanProcessors: [new DeadlineSpanProcessor(), ...] })`. It exports no spans itself.
 *
 * A span that starts under a deadline gets two attributes, in whole milliseconds, rounded down: `deadline.budget_ms`,
 * the whole budget, and `deadline.remaining_ms`, the time that was left when the span started.
 *
 * A span that was open when the deadline passed, or when the caller went away, gets the event `deadline.exceeded` or
 * `deadline.cancelled` with the time of that. The event has the attributes `deadline.reason`, a text, and
 * `deadline.hop`: the service, or for a call the service and its target.
 *
 * A hang-up of the caller is no error of an HTTP client or server span: its status is UNSET, also when an
 * instrumentation has set ERROR, unless the option `hangUpStatus` is `'keep'`. The span of a gRPC call keeps the status
 * CANCELLED or DEADLINE_EXCEEDED, and has the attribute `deadline.ended_by`: `caller` or `deadline`.
 *
 * Other spans are not changed. Events, the status and `deadline.ended_by` need sdk-trace-base 2.3 or newer, or sdk-trace
 * 3: older versions don't call a processor before a span ends. The class doesn't import the type `SpanProcessor`, to fit
 * both lines of the SDK.
 */
export class DeadlineSpanProcessor {
  readonly #keepsHangUps: boolean;

  /** @throws TypeError that names the option and quotes what it got */
  constructor(options?: DeadlineSpanProcessorOptions) {
    this.#keepsHangUps = resolveSpanOptions(options).hangUpStatus === 'keep';
  }

  onStart(span: Span, parentContext: Context): void {
    const scope = getScope(parentContext);
    if (scope === undefined) return;
    const deadline = scope.effectiveDeadline();
    const start = now();
    const remaining = scope.remaining(start);
    if (deadline !== undefined && remaining !== NEVER) {
      span.setAttribute('deadline.budget_ms', Math.floor(deadline.budget));
      span.setAttribute('deadline.remaining_ms', Math.floor(Math.max(remaining, 0)));
    }
    (span as WatchedSpan)[SPAN_SCOPE] = { scope, start };
  }

  /**
   * The outcome is looked up when the span ends. An observer for each span, with an alarm, would cost more than all the
   * rest of this class.
   */
  onEnding(span: Span): void {
    const watched = (span as WatchedSpan)[SPAN_SCOPE];
    const ending = watched?.scope.outcome();
    if (watched === undefined || ending === undefined) return;
    // One event, even if there are two of these processors.
    this.onEnd(span);
    const { reason, instant } = ending;
    const by: EndedBy = isDeadlineExceeded(reason) ? 'deadline' : 'caller';
    const { attributes = {} } = span as WatchedSpan;
    if (isEndedGrpcCall(attributes, by)) span.setAttribute('deadline.ended_by', by);
    if (by === 'caller' && !this.#keepsHangUps) clearHangUp(span as WatchedSpan);
    span.addEvent(
      by === 'deadline' ? 'deadline.exceeded' : 'deadline.cancelled',
      { 'deadline.reason': reason.message, 'deadline.hop': hopOf(span as WatchedSpan) },
      // If the scope ended before the span started, the event is at the start of the span.
      wallClock(Math.max(instant, watched.start)),
    );
  }

  onEnd(span: object): void {
    // A span that waits for its export must not keep the scope of its request in memory.
    if (SPAN_SCOPE in span) span[SPAN_SCOPE] = undefined;
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** An instant in the past, on the clock of `now()`, in ms since the epoch. */
function wallClock(instant: number): number {
  return Date.now() - (now() - instant);
}

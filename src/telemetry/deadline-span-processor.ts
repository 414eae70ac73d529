import type { Context, Span } from '@opentelemetry/api';
import { getScope } from '../context/context-scope.js';
import type { Scope } from '../context/scope/scope.js';
import { isDeadlineExceeded } from '../errors.js';
import { SPAN_SCOPE } from '../private-keys.js';
import { NEVER, now } from '../time/clock.js';
import { type DescribedSpan, hopOf } from './hop.js';

/** What is kept of a span that started under a deadline. */
interface Watched {
  readonly scope: Scope;
  /** On the clock of `now()`. */
  readonly start: number;
}

type WatchedSpan = DescribedSpan & { [SPAN_SCOPE]?: Watched | undefined };

/**
 * A span processor that shows deadlines in traces, for
 * `new NodeSDK({ spanProcessors: [new DeadlineSpanProcessor(), ...] })`. It exports nothing itself.
 *
 * Spans that start under a deadline get `deadline.budget_ms`, what the deadline gave, and `deadline.remaining_ms`, what
 * was left of it as the span started: whole milliseconds, rounded down. A span that was open when the deadline passed,
 * or when the caller went away, gets the event `deadline.exceeded` or `deadline.cancelled` at that time, with
 * `deadline.reason` and `deadline.hop` (who spent the budget: the service, for a call the service and its target).
 * Spans without a deadline are left as they are.
 *
 * Events need sdk-trace-base 2.3 or newer, or sdk-trace 3: older ones don't let a processor see a span before it ends.
 * (Its type is spelt out, not imported: it fits both lines.)
 */
export class DeadlineSpanProcessor {
  onStart(span: Span, parentContext: Context): void {
    const scope = getScope(parentContext);
    const deadline = scope?.effectiveDeadline();
    if (scope === undefined || deadline === undefined || deadline.due === NEVER) return;
    const start = now();
    span.setAttribute('deadline.budget_ms', Math.floor(deadline.budget));
    span.setAttribute('deadline.remaining_ms', Math.floor(Math.max(scope.remaining(start), 0)));
    (span as WatchedSpan)[SPAN_SCOPE] = { scope, start };
  }

  /**
   * Looked at here and not when it happens: an observer, and with it an alarm, for each span would cost more than all
   * the rest.
   */
  onEnding(span: Span): void {
    const watched = (span as WatchedSpan)[SPAN_SCOPE];
    const ending = watched?.scope.outcome();
    if (watched === undefined || ending === undefined) return;
    // Told once, also where there are two of these processors.
    this.onEnd(span);
    const { reason, instant } = ending;
    span.addEvent(
      isDeadlineExceeded(reason) ? 'deadline.exceeded' : 'deadline.cancelled',
      { 'deadline.reason': reason.message, 'deadline.hop': hopOf(span as DescribedSpan) },
      // A scope may have ended before the span started: then that is what the span started with.
      wallClock(Math.max(instant, watched.start)),
    );
  }

  onEnd(span: object): void {
    // A span that waits for its export must not keep the scope of a request that is long done.
    if (SPAN_SCOPE in span) span[SPAN_SCOPE] = undefined;
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** A past instant of `now()` as ms since the epoch. */
function wallClock(instant: number): number {
  return Date.now() - (now() - instant);
}

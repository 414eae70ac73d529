import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { getScope, parentScope, setScope } from '../context/context-scope.js';
import { Deadline } from '../context/deadline.js';
import { inboundOf } from '../context/inbound.js';
import { Scope } from '../context/scope.js';
import { emit } from '../events.js';
import { formatTimebudget, parseTimebudget, TIMEBUDGET, TIMEBUDGET_LENGTH } from '../wire/timebudget.js';
import { readField } from './carrier-field.js';
import { type DeadlinePropagatorOptions, type DeadlineSettings, resolveDeadlineOptions } from './deadline-options.js';

export { TIMEBUDGET };

/**
 * Carries the deadline as a time budget: what the caller has left, in ms, in the field `timebudget`.
 *
 * `inject` and `extract` never throw, whatever carrier, getter, setter or context they meet.
 */
export class DeadlinePropagator implements TextMapPropagator {
  private readonly settings: DeadlineSettings;

  /** @throws TypeError or RangeError that names the option and quotes what it got */
  constructor(options?: DeadlinePropagatorOptions) {
    this.settings = resolveDeadlineOptions(options);
  }

  /**
   * Writes what is left of the deadline in `context`, less the `reserve`; 0 when it has passed or the caller has gone,
   * nothing when there is no deadline.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    try {
      const left = getScope(context)?.remaining();
      if (left === undefined || left === Number.POSITIVE_INFINITY) return;
      setter.set(carrier, TIMEBUDGET, formatTimebudget(this.passedOn(left)));
    } catch {
      // A frozen carrier, a setter's own failure: the call goes out without a deadline.
    }
  }

  /**
   * A context with the deadline that the carrier holds, counted from now, unless `context` has an earlier one.
   * `context` itself when the carrier holds none that is valid.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    try {
      const budget = this.read(carrier, getter);
      const inbound = inboundOf(carrier);
      if (inbound !== undefined) return setScope(context, inbound.bind(budget, parentScope(context)));
      if (budget === undefined) return context;
      return setScope(context, new Scope(parentScope(context), Deadline.fromCaller(budget), 'free'));
    } catch {
      // A context that is no context.
      return context;
    }
  }

  fields(): string[] {
    return [TIMEBUDGET];
  }

  /** The budget that the carrier holds, in ms; `undefined` when there is none that is valid. */
  private read(carrier: unknown, getter: TextMapGetter): number | undefined {
    try {
      const text = readField(carrier, getter, TIMEBUDGET, TIMEBUDGET_LENGTH);
      if (text === undefined) return undefined;
      const budget = text === null ? null : parseTimebudget(text);
      if (budget !== null) return Math.min(budget, this.settings.maxBudget);
    } catch {
      // A getter's own failure, a carrier that is no carrier.
    }
    emit({ type: 'malformed', field: TIMEBUDGET });
    return undefined;
  }

  private passedOn(left: number): number {
    const { reserveMs, reserveFraction } = this.settings;
    const reserve = reserveMs + left * reserveFraction;
    // The last millisecond is passed on: a reserve must not turn a live deadline into an exhausted one.
    return Math.max(Math.min(left, 1), left - reserve);
  }
}

import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { parentScope } from '../context/context-scope.js';
import { Deadline } from '../context/deadline.js';
import { overlay } from '../context/overlay-context.js';
import { Scope } from '../context/scope/scope.js';
import { record } from '../events.js';
import { type DeadlineFormat, NO_DEADLINE } from '../wire/formats/deadline-format.js';
import { TIMEBUDGET } from '../wire/formats/timebudget.js';
import { wholeMs } from '../wire/number.js';
import { FIELD_LENGTH } from '../wire/value-list.js';
import { callerIn } from './caller-key.js';
import { readField } from './carrier-field.js';
import { type DeadlinePropagatorOptions, type DeadlineSettings, resolveDeadlineOptions } from './deadline-options.js';
import type { DeadlineSetter, ReadingSetter } from './deadline-setter.js';
import { type Inbound, inboundOf } from './inbound.js';
import { injectValues } from './inject-values.js';
import { ownLimit } from './own-limit.js';
import { processRegistry } from './process-registry.js';
import { reportUnadopted } from './unadopted.js';

export { TIMEBUDGET };

/**
 * Propagates the deadline as the time that the caller has left: in the header `timebudget`, in ms, or in the headers of
 * other formats.
 *
 * `inject` and `extract` never throw, whatever carrier, getter, setter or context they meet.
 */
export class DeadlinePropagator implements TextMapPropagator {
  readonly #settings: DeadlineSettings;

  /** @throws TypeError or RangeError that names the option and quotes what it got */
  constructor(options?: DeadlinePropagatorOptions) {
    this.#settings = resolveDeadlineOptions(options);
  }

  /**
   * Writes the time left until the deadline in `context`, minus the `reserve`: 0 when the deadline has passed or the
   * caller has gone away, nothing when there is no deadline.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    injectValues(context, carrier, setter, undefined, undefined, this);
  }

  /**
   * A copy of `context` with the deadline of the carrier, counted from now. A deadline that `context` has already still
   * binds if it is earlier. `context` itself when the carrier has no valid deadline.
   *
   * While a `DeadlineInstrumentation` is enabled, in `mode: 'observe'` too, a deadline binds only work that is served as
   * a call: by the servers that it instruments, or by `withCaller`. For every other carrier, such as the headers of a
   * message, `context` itself is returned.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return overlay(context, undefined, undefined, this.extractScope(context, carrier, getter));
  }

  /** The names of the headers that `inject` writes, in lower case. */
  fields(): string[] {
    return this.#settings.inject.map(({ field }) => field);
  }

  /** @internal See {@link inject}. */
  injectScope(scope: Scope | undefined, context: Context, carrier: unknown, setter: TextMapSetter): void {
    try {
      const left = scope?.remaining() ?? NO_DEADLINE;
      const budget = left === NO_DEADLINE ? NO_DEADLINE : wholeMs(this.#passedOn(left));
      const ours = setter as Partial<DeadlineSetter<unknown>>;
      if (ours.setDeadline) {
        ours.setDeadline(carrier, budget, this);
      } else {
        if (budget !== NO_DEADLINE) this.write(budget, carrier, setter);
        for (const observe of processRegistry().injectionObservers) observe(context, carrier, budget, this);
      }
    } catch {
      // The carrier is frozen, or the setter failed: the call is sent without a deadline.
    }
  }

  /** @internal The scope of the context that {@link extract} returns; `undefined` when it is that of `context`. */
  extractScope(context: Context, carrier: unknown, getter: TextMapGetter): Scope | undefined {
    try {
      const budget = this.#read(carrier, getter);
      const parent = parentScope(context);
      const own = inboundOf(carrier);
      if (own !== undefined) return adopt(own, parent, budget);
      if (budget === undefined) return undefined;
      const { finder } = processRegistry();
      if (finder === undefined) return new Scope(parent, Deadline.fromCaller(budget), 'free');
      const adopter = finder.inboundOf(carrier) ?? callerIn(context);
      if (adopter !== undefined) return adopt(adopter, parent, budget);
      // Nothing is lost where the work has a scope already.
      if (parent === undefined) reportUnadopted();
    } catch {
      // The context is none of OpenTelemetry's.
    }
    return undefined;
  }

  /** @internal See `DeadlineWriter`. */
  fieldsRead(): string[] {
    return this.#settings.extract.map(({ field }) => field);
  }

  /** @internal See `DeadlineWriter`. */
  write(ms: number, carrier: unknown, setter: ReadingSetter): void {
    for (const format of this.#settings.inject) {
      const limit = Math.min(ms, Math.floor(ownLimit(format, carrier, setter)));
      setter.set(carrier, format.field, format.format(limit, Date));
    }
  }

  /** The smallest budget in the carrier, in ms, at most `maxBudget`; `undefined` when no budget is valid. */
  #read(carrier: unknown, getter: TextMapGetter): number | undefined {
    let smallest = NO_DEADLINE;
    for (const format of this.#settings.extract) smallest = Math.min(smallest, readFormat(format, carrier, getter));
    return smallest === NO_DEADLINE ? undefined : Math.min(smallest, this.#settings.maxBudget);
  }

  #passedOn(left: number): number {
    const { reserve } = this.#settings;
    const kept = reserve < 1 ? left * reserve : reserve;
    // The last millisecond is always sent: the reserve must not turn a live deadline into an exhausted one.
    return Math.max(Math.min(left, 1), left - kept);
  }
}

/** The scope of an inbound request; `undefined` when the work is inside of it already. */
function adopt(
  inbound: Pick<Inbound, 'openScope'>,
  parent: Scope | undefined,
  budget: number | undefined,
): Scope | undefined {
  const scope = inbound.openScope(budget, parent);
  // Work inside of the request may have less time, which another look at the request's headers must not give back.
  return parent?.isWithin(scope) ? undefined : scope;
}

/** The budget in one header, in ms; {@link NO_DEADLINE} when the header is absent or has no valid value. */
function readFormat(format: DeadlineFormat, carrier: unknown, getter: TextMapGetter): number {
  try {
    const text = readField(carrier, getter, format.field, FIELD_LENGTH);
    if (text === undefined) return NO_DEADLINE;
    const budget = text === null ? null : format.parse(text, Date);
    if (budget !== null) return budget;
  } catch {
    // The getter failed, or the carrier is of another type: counted as malformed.
  }
  record({ type: 'malformed', field: format.field });
  return NO_DEADLINE;
}

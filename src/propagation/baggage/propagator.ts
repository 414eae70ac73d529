import {
  type Baggage,
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { overlay } from '../../context/overlay-context.js';
import { BAGGAGE_CEILING, scanBaggage } from '../../wire/baggage/scan.js';
import { readField } from '../carrier-field.js';
import { inboundOf } from '../inbound.js';
import { injectValues } from '../inject-values.js';
import { DropReporter } from './drops.js';
import { formatBaggage } from './header.js';
import { type BaggagePropagatorOptions, type BaggageSettings, resolveBaggageOptions } from './options.js';
import { WireBaggage } from './wire-baggage.js';

const BAGGAGE = 'baggage';

/**
 * W3C Baggage within hard limits. Replaces `W3CBaggagePropagator` of core. The headers that it writes can't exceed the
 * limits of servers, and hostile headers that it receives can't take much time to read.
 *
 * `inject` and `extract` never throw, whatever carrier, getter, setter or context they meet.
 */
export class BoundedBaggagePropagator implements TextMapPropagator {
  readonly #settings: BaggageSettings;
  readonly #inbound: DropReporter;
  readonly #outbound: DropReporter;

  /** @throws TypeError or RangeError that names the option and quotes what it got */
  constructor(options?: BaggagePropagatorOptions) {
    this.#settings = resolveBaggageOptions(options);
    this.#inbound = new DropReporter('inbound', this.#settings);
    this.#outbound = new DropReporter('outbound', this.#settings);
  }

  /**
   * Writes the members of the baggage of `context` that the limits and the option `outbound` allow; without any, no
   * header.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    injectValues(context, carrier, setter, undefined, this);
  }

  /**
   * A copy of `context` with those members of the carrier's baggage that the limits and the option `inbound` allow.
   * They are merged into the baggage that `context` has, and replace entries of the same key. `context` itself when
   * there are no such members.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return overlay(context, undefined, this.extractBaggage(context, carrier, getter));
  }

  /** @internal See {@link inject}. */
  injectBaggage(baggage: Baggage | undefined, carrier: unknown, setter: TextMapSetter): void {
    if (baggage === undefined) return;
    try {
      const text = formatBaggage(baggage, this.#settings.outboundLimits, this.#settings.pinned, this.#outbound);
      if (text !== '') setter.set(carrier, BAGGAGE, text);
    } catch {
      // The carrier is frozen, or the setter failed: the call is sent without baggage.
    }
  }

  /** @internal The baggage of the context that {@link extract} returns; `undefined` when it is that of `context`. */
  extractBaggage(context: Context, carrier: unknown, getter: TextMapGetter): Baggage | undefined {
    try {
      if (inboundOf(carrier)?.trusted === false) return undefined;
      const limits = this.#settings.inboundLimits;
      const enough = this.#settings.report ? Math.max(limits.bytes, BAGGAGE_CEILING) : limits.bytes;
      const text = readField(carrier, getter, BAGGAGE, enough);
      if (text === null) this.#inbound.drop('invalid', 0);
      if (!text) return undefined;
      const scanned = scanBaggage(text, limits, this.#inbound);
      if (scanned.members === 0) return undefined;
      const received = WireBaggage.received(scanned);
      const current = propagation.getBaggage(context);
      return current === undefined ? received : WireBaggage.merge(current, received);
    } catch {
      // The getter failed, or the carrier is of another type: the request is served without baggage.
      return undefined;
    }
  }

  fields(): string[] {
    return [BAGGAGE];
  }
}

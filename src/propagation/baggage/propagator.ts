import {
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { overlay } from '../../context/overlay-context.js';
import { BAGGAGE_CEILING, scanBaggage } from '../../wire/baggage/scan.js';
import { readField } from '../carrier-field.js';
import { inboundOf } from '../inbound.js';
import { DropReporter } from './drops.js';
import { formatBaggage } from './header.js';
import { type BaggagePropagatorOptions, type BaggageSettings, resolveBaggageOptions } from './options.js';
import { WireBaggage } from './wire-baggage.js';

const BAGGAGE = 'baggage';
const BAGGAGE_KEY = learnBaggageKey();

/**
 * W3C Baggage inside hard limits: a drop-in for `W3CBaggagePropagator` of core that can neither break a request by the
 * size of its headers nor be made to work for long by what it receives.
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

  /** Writes the baggage of `context`, as much of it as the limits and `outbound` let through; nothing if none is left. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    try {
      const baggage = propagation.getBaggage(context);
      if (baggage === undefined || isTracingSuppressed(context)) return;
      const text = formatBaggage(baggage, this.#settings.outboundLimits, this.#settings.pinned, this.#outbound);
      if (text !== '') setter.set(carrier, BAGGAGE, text);
    } catch {
      // A frozen carrier, a setter's own failure: the call goes out without baggage.
    }
  }

  /**
   * A context with the baggage that the carrier holds, as much of it as the limits and `inbound` let through, merged
   * into the baggage that `context` has; `context` itself when there is none.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    try {
      if (inboundOf(carrier)?.trusted === false) return context;
      const limits = this.#settings.inboundLimits;
      const enough = this.#settings.report ? Math.max(limits.bytes, BAGGAGE_CEILING) : limits.bytes;
      const text = readField(carrier, getter, BAGGAGE, enough);
      if (text === null) this.#inbound.drop('invalid', 0);
      if (!text) return context;
      const scanned = scanBaggage(text, limits, this.#inbound);
      if (scanned.members === 0) return context;
      const received = WireBaggage.received(scanned);
      const current = propagation.getBaggage(context);
      return setBaggage(context, current === undefined ? received : WireBaggage.merge(current, received));
    } catch {
      // A getter's own failure, a carrier that is no carrier: the request is served without baggage.
      return context;
    }
  }

  fields(): string[] {
    return [BAGGAGE];
  }
}

/** As the api's, cheaper where its key could be learnt. */
function setBaggage(context: Context, baggage: WireBaggage): Context {
  return BAGGAGE_KEY === undefined ? propagation.setBaggage(context, baggage) : overlay(context, BAGGAGE_KEY, baggage);
}

/** The key under which the api keeps baggage, learnt from the api itself: a context is told which key is asked for. */
function learnBaggageKey(): symbol | undefined {
  const asked: symbol[] = [];
  const probe: Context = { getValue: (key) => void asked.push(key), setValue: () => probe, deleteValue: () => probe };
  propagation.getBaggage(probe);
  return asked.length === 1 ? asked[0] : undefined;
}

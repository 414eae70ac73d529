import { diag } from '@opentelemetry/api';
import { record } from '../../events.js';
import { now } from '../../time/clock.js';
import type { BaggageDropReason, BaggageGate } from '../../wire/baggage/gate.js';
import type { BaggageDrop, BaggageSettings } from './options.js';

const WARN_INTERVAL_MS = 60_000;

/** When the last warning was given, by direction and reason: a dozen entries at most. */
const warned = new Map<string, number>();

/** The gate for one direction: filters keys, and reports drops as events, warnings and to `onDrop`. */
export class DropReporter implements BaggageGate {
  readonly accepts: ((key: string) => boolean) | undefined;
  readonly #reportOnly: boolean;
  readonly #onDrop: ((drop: BaggageDrop) => void) | undefined;

  readonly #direction: 'inbound' | 'outbound';

  constructor(direction: 'inbound' | 'outbound', settings: BaggageSettings) {
    this.#direction = direction;
    this.accepts = settings[direction];
    this.#reportOnly = settings.report;
    this.#onDrop = settings.onDrop;
  }

  drop(reason: BaggageDropReason, bytes: number, key?: string): boolean {
    const direction = this.#direction;
    record({ type: 'baggage-dropped', direction, reason });
    // A logger or a callback that throws must break neither the request nor the other report.
    quietly(() => warn(direction, reason, this.#reportOnly));
    quietly(() => this.#onDrop?.(key === undefined ? { direction, reason, bytes } : { direction, reason, key, bytes }));
    return this.#reportOnly;
  }
}

function quietly(report: () => unknown): void {
  try {
    // An async callback rejects instead. No caller could handle that.
    const result = report();
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // No caller could handle it.
  }
}

/** Warns at most once a minute for each direction and reason. Names no keys and values: both are data of callers. */
function warn(direction: string, reason: BaggageDropReason, reportOnly: boolean): void {
  const kind = `${direction} ${reason}`;
  const instant = now();
  // NaN the first time: both comparisons below are false then.
  const since = instant - (warned.get(kind) ?? Number.NaN);
  // Negative when a test has set the clock back: warn then.
  if (since >= 0 && since < WARN_INTERVAL_MS) return;
  warned.set(kind, instant);
  const verb = reportOnly ? 'would be dropped' : 'dropped';
  diag.warn(`${direction} baggage ${verb}: ${reason}`);
}

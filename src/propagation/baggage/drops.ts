import { diag } from '@opentelemetry/api';
import { record } from '../../events.js';
import { now } from '../../time/clock.js';
import type { BaggageDropReason, BaggageGate } from '../../wire/baggage/scan.js';
import type { BaggageDrop, BaggageSettings } from './options.js';

const WARN_INTERVAL_MS = 60_000;

/** When each reason was last warned of. As many as there are directions and reasons, a dozen. */
const warned = new Map<string, number>();

/** The gate for one direction: filters keys, and reports what is dropped. */
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
    // Whoever reports must not break the request, nor keep the other from being told.
    quietly(() => warn(direction, reason, this.#reportOnly));
    quietly(() => this.#onDrop?.(key === undefined ? { direction, reason, bytes } : { direction, reason, key, bytes }));
    return this.#reportOnly;
  }
}

function quietly(report: () => unknown): void {
  try {
    // An async function's failure is a rejection: nobody is there who could handle that either.
    const result = report();
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // A logger's or a listener's own failure.
  }
}

/** Says neither keys nor values: both are the caller's data. */
function warn(direction: string, reason: BaggageDropReason, reportOnly: boolean): void {
  const kind = `${direction} ${reason}`;
  const instant = now();
  // NaN, for the first time, is neither more nor less than anything.
  const since = instant - (warned.get(kind) ?? Number.NaN);
  // A clock that went back (a test's) is no reason to keep silent.
  if (since >= 0 && since < WARN_INTERVAL_MS) return;
  warned.set(kind, instant);
  const verb = reportOnly ? 'would be dropped' : 'dropped';
  diag.warn(`${direction} baggage ${verb}: ${reason}`);
}

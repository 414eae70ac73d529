import { type Baggage, type BaggageEntry, baggageEntryMetadataFromString } from '@opentelemetry/api';
import { parseBaggageKey, parseBaggageMember } from '../../wire/baggage/member.js';
import type { ScannedBaggage } from '../../wire/baggage/scan.js';
import { trimSpace } from '../../wire/text.js';

/** One member: as it stands on the wire, or as the application set it. */
class WireEntry {
  /** Absent when the application has set the entry. */
  readonly wire: string | undefined;
  #decoded: BaggageEntry | undefined;

  constructor(wire: string | undefined, decoded: BaggageEntry | undefined) {
    this.wire = wire;
    this.#decoded = decoded;
  }

  get entry(): BaggageEntry {
    if (this.wire !== undefined) this.#decoded ??= decode(this.wire);
    // Whatever plain JavaScript has set: the api's own baggage returns that as well.
    return this.#decoded as BaggageEntry;
  }
}

function decode(wire: string): BaggageEntry {
  const { value, properties } = parseBaggageMember(wire);
  return properties ? { value, metadata: baggageEntryMetadataFromString(properties) } : { value };
}

type WireEntries = Map<string, WireEntry>;

/**
 * The api's `Baggage` over the text of a `baggage` field, which is read when somebody asks for an entry. Immutable;
 * members that nobody changed are sent on byte for byte.
 */
export class WireBaggage implements Baggage {
  private constructor(
    /** The field as it was received; absent once an entry was set or removed. */
    readonly received: ScannedBaggage | undefined,
    private parsed: WireEntries | undefined,
  ) {}

  static received(scanned: ScannedBaggage): WireBaggage {
    return new WireBaggage(scanned, undefined);
  }

  /** `baggage` with the entries of `newer`, which win, in it. */
  static merge(baggage: Baggage, newer: WireBaggage): WireBaggage {
    return new WireBaggage(undefined, new Map([...wireEntries(baggage), ...newer.entries()]));
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.entries().get(key)?.entry;
    return entry ? { ...entry } : undefined;
  }

  getAllEntries(): [string, BaggageEntry][] {
    return Array.from(this.entries(), ([key, { entry }]) => [key, entry]);
  }

  setEntry(key: string, entry: BaggageEntry): WireBaggage {
    return this.changed((entries) => entries.set(key, new WireEntry(undefined, entry)));
  }

  removeEntry(key: string): WireBaggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): WireBaggage {
    return this.changed((entries) => {
      for (const key of keys) entries.delete(key);
    });
  }

  clear(): WireBaggage {
    return new WireBaggage(undefined, new Map());
  }

  /** @internal By key, in the order in which they were first set. */
  entries(): WireEntries {
    this.parsed ??= parse(this.received?.text ?? '');
    return this.parsed;
  }

  private changed(change: (entries: WireEntries) => void): WireBaggage {
    const entries = new Map(this.entries());
    change(entries);
    return new WireBaggage(undefined, entries);
  }
}

/** The entries of any `Baggage`, the api's own included. */
export function wireEntries(baggage: Baggage): WireEntries {
  if (baggage instanceof WireBaggage) return baggage.entries();
  return new Map(baggage.getAllEntries().map(([key, entry]) => [key, new WireEntry(undefined, entry)]));
}

/** Commas stand between members only: neither values nor properties may hold them. */
function parse(text: string): WireEntries {
  const entries: WireEntries = new Map();
  for (const member of text === '' ? [] : text.split(',')) {
    const wire = trimSpace(member);
    entries.set(parseBaggageKey(wire), new WireEntry(wire, undefined));
  }
  return entries;
}

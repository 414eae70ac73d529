import { type Baggage, type BaggageEntry, baggageEntryMetadataFromString } from '@opentelemetry/api';
import { parseBaggageKey, parseBaggageMember } from '../../wire/baggage/member.js';
import type { ScannedBaggage } from '../../wire/baggage/scan.js';
import { trimSpace } from '../../wire/text.js';

/** One member: its text as it was received, or the entry that the application has set. */
class WireEntry {
  /** The text as it was received; `undefined` when the application has set the entry. */
  readonly wire: string | undefined;
  #decoded: BaggageEntry | undefined;

  constructor(wire: string | undefined, decoded: BaggageEntry | undefined) {
    this.wire = wire;
    this.#decoded = decoded;
  }

  get entry(): BaggageEntry {
    if (this.wire !== undefined) this.#decoded ??= decode(this.wire);
    // JavaScript code may have set any value. Baggage of the API returns it unchanged as well.
    return this.#decoded as BaggageEntry;
  }
}

function decode(wire: string): BaggageEntry {
  const { value, properties } = parseBaggageMember(wire);
  return properties ? { value, metadata: baggageEntryMetadataFromString(properties) } : { value };
}

type WireEntries = Map<string, WireEntry>;

/**
 * `Baggage` of the API that reads the text of a `baggage` field when an entry is needed. Immutable. Members that were
 * not changed are sent byte for byte as they were received.
 */
export class WireBaggage implements Baggage {
  private constructor(
    /** The field as it was received; `undefined` once an entry was set or removed. */
    readonly received: ScannedBaggage | undefined,
    private parsed: WireEntries | undefined,
  ) {}

  static received(scanned: ScannedBaggage): WireBaggage {
    return new WireBaggage(scanned, undefined);
  }

  /** The entries of both. Where both have a key, the entry of `newer` is used. */
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

  /** @internal The entries by their keys, in the order in which they were first set. */
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

/** The entries of any `Baggage`, also of the API's class. */
export function wireEntries(baggage: Baggage): WireEntries {
  if (baggage instanceof WireBaggage) return baggage.entries();
  return new Map(baggage.getAllEntries().map(([key, entry]) => [key, new WireEntry(undefined, entry)]));
}

/** Each comma separates members: grammatical values and properties have no commas. */
function parse(text: string): WireEntries {
  const entries: WireEntries = new Map();
  for (const member of text === '' ? [] : text.split(',')) {
    const wire = trimSpace(member);
    entries.set(parseBaggageKey(wire), new WireEntry(wire, undefined));
  }
  return entries;
}

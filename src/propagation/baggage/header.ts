import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import type { BaggageGate, BaggageLimits } from '../../wire/baggage/gate.js';
import { formatBaggageMember, validProperties } from '../../wire/baggage/member.js';
import type { ScannedBaggage } from '../../wire/baggage/scan.js';
import { isToken, trimSpace } from '../../wire/text.js';
import { WireBaggage, wireEntries } from './wire-baggage.js';

interface Member {
  readonly key: string;
  /** A function where the member is too long to be sent. In report mode it is sent all the same. */
  readonly text: string | (() => string | undefined);
  /** In bytes. A lower bound where `text` is a function. */
  readonly length: number;
  /**
   * Whether the filter excludes the key. In report mode such a member is sent, and does not count against the limits.
   */
  readonly filtered: boolean;
}

/** The value of the `baggage` field for `baggage`; empty when no member may be sent. */
export function formatBaggage(
  baggage: Baggage,
  limits: BaggageLimits,
  pinned: ((key: string) => boolean) | undefined,
  gate: BaggageGate,
): string {
  if (baggage instanceof WireBaggage && gate.accepts === undefined && fitsAsReceived(baggage.received, limits)) {
    return baggage.received.text;
  }
  return select(sendable(baggage, limits, gate), limits, pinned, gate);
}

function fitsAsReceived(received: ScannedBaggage | undefined, limits: BaggageLimits): received is ScannedBaggage {
  return (
    received !== undefined &&
    received.text.length <= limits.bytes &&
    received.members <= limits.members &&
    received.longest <= limits.memberBytes
  );
}

/** The members that may be sent, in the order in which they were set. */
function sendable(baggage: Baggage, limits: BaggageLimits, gate: BaggageGate): Member[] {
  const members: Member[] = [];
  for (const [key, item] of wireEntries(baggage)) {
    const formatted = item.wire === undefined ? formatEntry(key, item.entry, limits, gate) : written(item.wire);
    if (formatted === undefined) continue;
    const filtered = gate.accepts !== undefined && !gate.accepts(key);
    if (!filtered || gate.drop('filtered', formatted.length, key)) members.push({ key, ...formatted, filtered });
  }
  return members;
}

type Formatted = Pick<Member, 'text' | 'length'>;

const written = (text: string): Formatted => ({ text, length: text.length });

/** Formats an entry that the application has set. Reports an entry that can't be sent, and returns `undefined`. */
function formatEntry(
  key: string,
  entry: BaggageEntry,
  limits: BaggageLimits,
  gate: BaggageGate,
): Formatted | undefined {
  try {
    const value = textOf(entry.value);
    if (value !== undefined) {
      const properties = trimSpace(propertiesOf(key, entry, gate));
      // Encoding never makes it shorter, and takes 200 ms for a value of 1 MiB.
      const least = key.length + 1 + value.length + properties.length;
      const format = () => formatBaggageMember(key, value, properties);
      if (least > Math.min(limits.memberBytes, limits.bytes) && isToken(key)) return { text: format, length: least };
      const text = format();
      if (text !== undefined) return written(text);
    }
  } catch {
    // The entry or key is of another type, or toString of the metadata throws. The other members are still sent.
  }
  gate.drop('invalid', 0, typeof key === 'string' ? key : undefined);
  return undefined;
}

/** The text of a value, which JavaScript code may have set to another type; `undefined` for objects and the like. */
function textOf(value: unknown): string | undefined {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : undefined;
}

function propertiesOf(key: string, entry: BaggageEntry, gate: BaggageGate): string {
  const properties = String(entry.metadata ?? '');
  if (properties === '') return '';
  const valid = validProperties(properties);
  const lost = properties.length + 1 - valid.length;
  if (lost > 0) gate.drop('invalid-property', lost, key);
  return valid;
}

/** Joins the members that the limits allow. Pinned members are tried first. */
function select(
  members: readonly Member[],
  limits: BaggageLimits,
  pinned: ((key: string) => boolean) | undefined,
  gate: BaggageGate,
): string {
  const rivals = gate.accepts === undefined ? members : members.filter(({ filtered }) => !filtered);
  const kept: Member[] = [];
  let bytes = -1;
  let allAreSent = true;
  for (const member of pinned === undefined ? rivals : pinnedFirst(rivals, pinned)) {
    const { key, length } = member;
    const longer = bytes + 1 + length;
    const limit = firstExceeded(length, longer, kept.length, limits);
    if (limit === undefined) {
      kept.push(member);
      bytes = longer;
    } else {
      // In report mode `drop` returns true for every member.
      allAreSent = gate.drop(limit, length, key);
    }
  }
  return (allAreSent ? members : kept).map(({ text }) => (typeof text === 'string' ? text : text())).join(',');
}

function pinnedFirst(members: readonly Member[], pinned: (key: string) => boolean): Member[] {
  const isPinned = members.map(({ key }) => pinned(key));
  return [...members.filter((_, i) => isPinned[i]), ...members.filter((_, i) => !isPinned[i])];
}

/**
 * @param length the bytes of the member
 * @param bytes the bytes of the field with the member
 * @param count the members of the field without it
 */
function firstExceeded(
  length: number,
  bytes: number,
  count: number,
  limits: BaggageLimits,
): 'members' | 'member-bytes' | 'bytes' | undefined {
  if (length > limits.memberBytes) return 'member-bytes';
  if (count >= limits.members) return 'members';
  return bytes > limits.bytes ? 'bytes' : undefined;
}

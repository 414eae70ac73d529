import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import { formatBaggageMember, validProperties } from '../../wire/baggage/member.js';
import type { BaggageGate, BaggageLimits, ScannedBaggage } from '../../wire/baggage/scan.js';
import { WireBaggage, wireEntries } from './wire-baggage.js';

interface Member {
  readonly key: string;
  readonly text: string;
  /** In report mode: it is sent, though the filter says no, and takes no room from those that may be. */
  readonly filtered: boolean;
}

/** The value of the `baggage` field for `baggage`; empty when nothing may be sent. */
export function formatBaggage(
  baggage: Baggage,
  limits: BaggageLimits,
  pinned: ((key: string) => boolean) | undefined,
  gate: BaggageGate,
): string {
  if (baggage instanceof WireBaggage && gate.accepts === undefined && fitsAsReceived(baggage.received, limits)) {
    return baggage.received.text;
  }
  return select(sendable(baggage, gate), limits, pinned, gate);
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
function sendable(baggage: Baggage, gate: BaggageGate): Member[] {
  const members: Member[] = [];
  for (const [key, item] of wireEntries(baggage)) {
    const text = item.wire ?? formatEntry(key, item.entry, gate);
    if (text === undefined) continue;
    const filtered = gate.accepts !== undefined && !gate.accepts(key);
    if (!filtered || gate.drop('filtered', text.length, key)) members.push({ key, text, filtered });
  }
  return members;
}

/** The text of an entry that the application has set; `undefined`, and reported, when it can't be sent. */
function formatEntry(key: string, entry: BaggageEntry, gate: BaggageGate): string | undefined {
  try {
    const value = textOf(entry.value);
    const text = value === undefined ? undefined : formatBaggageMember(key, value, propertiesOf(key, entry, gate));
    if (text !== undefined) return text;
  } catch {
    // Not an entry, not a key, or metadata whose toString throws: the other members are sent.
  }
  gate.drop('invalid', 0, typeof key === 'string' ? key : undefined);
  return undefined;
}

/** What plain JavaScript may have put into an entry; `undefined` for what has no text of its own. */
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

/** The members that fit, whole and joined. Pinned ones come first when not all fit. */
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
    const { key, text } = member;
    const longer = bytes + 1 + text.length;
    const limit = firstExceeded(text.length, longer, kept.length, limits);
    if (limit === undefined) {
      kept.push(member);
      bytes = longer;
    } else {
      // In report mode all are.
      allAreSent = gate.drop(limit, text.length, key);
    }
  }
  return (allAreSent ? members : kept).map(({ text }) => text).join(',');
}

function pinnedFirst(members: readonly Member[], pinned: (key: string) => boolean): Member[] {
  const isPinned = members.map(({ key }) => pinned(key));
  return [...members.filter((_, i) => isPinned[i]), ...members.filter((_, i) => !isPinned[i])];
}

/** @param length of a member; `bytes` and `count`: what is sent with it, and without */
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

import { checkFunction, checkNumber, checkOptions, outOfRange } from '../../check-argument.js';
import type { BaggageDropReason, BaggageLimits } from '../../wire/baggage/gate.js';
import { type KeyFilter, resolveKeyFilter } from './key-filter.js';

/** A drop of baggage. Never contains a value. */
export interface BaggageDrop {
  readonly direction: 'inbound' | 'outbound';
  readonly reason: BaggageDropReason;
  /** The key, if one member was dropped and its key could be read. */
  readonly key?: string;
  /**
   * The bytes that were dropped: those of one member, or all bytes beyond a limit. Of a field in several lines, only
   * the bytes that were looked at. A lower bound for an entry that is too long before it is encoded.
   */
  readonly bytes: number;
}

/**
 * Your own limits on baggage that is sent. Baggage that is received has the same limits, or W3C's floor if that is
 * more.
 */
export interface CustomBaggageLimits {
  /** The largest number of members, 0 or more. Default: 64. */
  readonly members?: number;
  /** The largest number of bytes of the header's value, 0 or more. Default: 4096. */
  readonly bytes?: number;
}

/** Options of `BoundedBaggagePropagator`, and of `createPropagator` under `baggage`. */
export interface BaggagePropagatorOptions {
  /**
   * - `'safe'` (default): sends at most 64 members and 4096 bytes, which every common server and proxy accepts beside
   *   cookies; accepts 64 members and 8192 bytes. **This sends less than W3C's floor**; `'w3c'` sends up to the floor.
   * - `'w3c'`: 64 members and 8192 bytes both ways, the floor of W3C Baggage, section 3.3.2
   * - `'otel'`: 180 members, 4096 bytes a member and 8192 bytes both ways, as `W3CBaggagePropagator` of core
   */
  readonly limits?: 'safe' | 'w3c' | 'otel' | CustomBaggageLimits;
  /** The keys that are sent first when the limits don't allow all. Default: none. */
  readonly pinned?: KeyFilter;
  /** The keys that are accepted from callers. Default: all. */
  readonly inbound?: KeyFilter;
  /** The keys that are sent; `[]` sends none. Default: all. */
  readonly outbound?: KeyFilter;
  /**
   * - `'enforce'` (default): limits and filters drop members
   * - `'report'`: limits and filters only report which members they would drop. Members that are not grammatical, and
   *   bytes beyond 64 KiB, are still dropped
   */
  readonly mode?: 'enforce' | 'report';
  /** Called for each drop. Its errors are ignored. Default: none. */
  readonly onDrop?: (drop: BaggageDrop) => void;
}

/** The options with defaults, checked. */
export interface BaggageSettings {
  readonly inboundLimits: BaggageLimits;
  readonly outboundLimits: BaggageLimits;
  readonly pinned: ((key: string) => boolean) | undefined;
  readonly inbound: ((key: string) => boolean) | undefined;
  readonly outbound: ((key: string) => boolean) | undefined;
  readonly report: boolean;
  readonly onDrop: ((drop: BaggageDrop) => void) | undefined;
}

/** The floor of W3C Baggage, section 3.3.2: every platform must propagate that much. */
const W3C: BaggageLimits = { members: 64, bytes: 8192, memberBytes: 8192 };
/**
 * Half the bytes of W3C's floor: 4095 bytes pass nginx, Apache, Varnish, HAProxy, Tomcat and Jetty; 8192 fail on five.
 */
const SAFE: BaggageLimits = { members: 64, bytes: 4096, memberBytes: 4096 };
/** The constants of @opentelemetry/core, from the draft of 2020. */
const OTEL: BaggageLimits = { members: 180, bytes: 8192, memberBytes: 4096 };

/** @throws TypeError or RangeError that names the option and quotes what it got */
export function resolveBaggageOptions(options: BaggagePropagatorOptions = {}): BaggageSettings {
  checkOptions('baggage options', options, ['limits', 'pinned', 'inbound', 'outbound', 'mode', 'onDrop']);
  const { limits = 'safe', mode = 'enforce', onDrop } = options;
  if (mode !== 'enforce' && mode !== 'report') throw outOfRange('mode', "'enforce' or 'report'", mode);
  if (onDrop !== undefined) checkFunction('onDrop', onDrop);
  return {
    ...resolveLimits(limits),
    pinned: resolveKeyFilter('pinned', options.pinned),
    inbound: resolveKeyFilter('inbound', options.inbound),
    outbound: resolveKeyFilter('outbound', options.outbound),
    report: mode === 'report',
    onDrop,
  };
}

function resolveLimits(limits: unknown): Pick<BaggageSettings, 'inboundLimits' | 'outboundLimits'> {
  switch (limits) {
    case 'safe':
      return { inboundLimits: W3C, outboundLimits: SAFE };
    case 'w3c':
      return { inboundLimits: W3C, outboundLimits: W3C };
    case 'otel':
      return { inboundLimits: OTEL, outboundLimits: OTEL };
  }
  if (typeof limits === 'string') throw outOfRange('limits', "'safe', 'w3c', 'otel' or numbers", limits);
  checkOptions('limits', limits, ['members', 'bytes']);
  const { members = SAFE.members, bytes = SAFE.bytes } = limits as CustomBaggageLimits;
  checkCount('limits.members', members);
  checkCount('limits.bytes', bytes);
  const inboundBytes = Math.max(bytes, W3C.bytes);
  return {
    inboundLimits: { members: Math.max(members, W3C.members), bytes: inboundBytes, memberBytes: inboundBytes },
    outboundLimits: { members, bytes, memberBytes: bytes },
  };
}

function checkCount(option: string, value: unknown): void {
  checkNumber(option, 'a whole number, 0 or more', value, (count) => Number.isInteger(count) && count >= 0);
}

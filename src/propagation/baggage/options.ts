import { checkFunction, checkNumber, checkOptions, outOfRange } from '../../check-argument.js';
import type { BaggageDropReason, BaggageLimits } from '../../wire/baggage/scan.js';
import { type KeyFilter, resolveKeyFilter } from './key-filter.js';

/** What was dropped. Never holds a value. */
export interface BaggageDrop {
  readonly direction: 'inbound' | 'outbound';
  readonly reason: BaggageDropReason;
  /** The key, where it is one member and its key could be read. */
  readonly key?: string;
  /** The bytes of what was dropped: one member, or all that lies behind a limit (of several lines, what was looked at). */
  readonly bytes: number;
}

/** Limits of one's own, on what is sent. What is accepted is limited to the same or to W3C's floor, if that is more. */
export interface CustomBaggageLimits {
  /** Members at most, 0 or more. Default: 64. */
  readonly members?: number;
  /** Bytes of the field's value at most, 0 or more. Default: 4096. */
  readonly bytes?: number;
}

/** Options of `BoundedBaggagePropagator`, and of `createPropagator` under `baggage`. */
export interface BaggagePropagatorOptions {
  /**
   * - `'safe'` (default): sends at most 64 members and 4096 bytes, which every common server and proxy accepts beside
   *   cookies; accepts 64 members and 8192 bytes. **Below W3C's floor for what is sent**; `'w3c'` is the remedy.
   * - `'w3c'`: 64 members and 8192 bytes both ways, the floor of W3C Baggage, section 3.3.2
   * - `'otel'`: 180 members, 4096 bytes a member and 8192 bytes both ways, as `W3CBaggagePropagator` of core
   */
  readonly limits?: 'safe' | 'w3c' | 'otel' | CustomBaggageLimits;
  /** The keys that are sent first when not all fit. Default: none. */
  readonly pinned?: KeyFilter;
  /** The keys that are let in. Default: all. */
  readonly inbound?: KeyFilter;
  /** The keys that are let out; `[]` sends none. Default: all. */
  readonly outbound?: KeyFilter;
  /**
   * - `'enforce'` (default)
   * - `'report'`: limits and filters drop nothing, and report what they would; beyond 64 KiB, and what is not
   *   grammatical, is dropped all the same
   */
  readonly mode?: 'enforce' | 'report';
  /** Told of each drop. What it throws is ignored. Default: nothing. */
  readonly onDrop?: (drop: BaggageDrop) => void;
}

/** The options as the propagator uses them. */
export interface BaggageSettings {
  readonly inboundLimits: BaggageLimits;
  readonly outboundLimits: BaggageLimits;
  readonly pinned: ((key: string) => boolean) | undefined;
  readonly inbound: ((key: string) => boolean) | undefined;
  readonly outbound: ((key: string) => boolean) | undefined;
  readonly report: boolean;
  readonly onDrop: ((drop: BaggageDrop) => void) | undefined;
}

/** W3C Baggage, section 3.3.2: what a platform must be able to propagate. */
const W3C: BaggageLimits = { members: 64, bytes: 8192, memberBytes: 8192 };
/** Half of W3C's: 4095 bytes pass nginx, Apache, Varnish, HAProxy, Tomcat and Jetty; 8192 fail on five of the six. */
const SAFE: BaggageLimits = { members: 64, bytes: 4096, memberBytes: 4096 };
/** Core's constants, from the 2020 draft. */
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

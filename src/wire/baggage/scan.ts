import { OCTET, skipClass, skipSpace, TOKEN, trimSpace } from '../text.js';
import { skipProperty } from './property.js';

/**
 * Why baggage was dropped.
 * - `bytes`, `members`, `member-bytes`: a limit on the whole, on the number of members, on one member
 * - `invalid`, `invalid-property`: not grammatical
 * - `filtered`: the key is not among those that are let through
 */
export type BaggageDropReason = 'bytes' | 'members' | 'member-bytes' | 'invalid' | 'invalid-property' | 'filtered';

/** Limits on a `baggage` field. Bytes are those of the field's value, separators and properties included. */
export interface BaggageLimits {
  readonly members: number;
  readonly bytes: number;
  readonly memberBytes: number;
}

/** Whom a scan asks what may pass. */
export interface BaggageGate {
  /** Whether a key may pass; absent: all may. */
  readonly accepts: ((key: string) => boolean) | undefined;
  /** Told of what must not pass. Returns whether it does all the same; not heeded for what is not grammatical. */
  drop(reason: BaggageDropReason, bytes: number, key?: string): boolean;
}

/** What passed of a `baggage` field: grammatical, within the limits. */
export interface ScannedBaggage {
  readonly text: string;
  readonly members: number;
  /** The bytes of its longest member. */
  readonly longest: number;
}

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** The most that is looked at where the limits are only reported, in characters: more than servers take as headers. */
export const BAGGAGE_CEILING = 65_536;

/**
 * Checks and bounds a `baggage` field in one pass over its characters. What lies behind the limits is not looked at;
 * nothing is built while all is well, and then the text is returned as it is.
 *
 * What is not grammatical counts against the limits like everything else. (Characters are bytes: what is not ASCII is
 * not grammatical.)
 */
export function scanBaggage(text: string, limits: BaggageLimits, gate: BaggageGate): ScannedBaggage {
  return new BaggageScan(text, limits, gate).run();
}

class BaggageScan {
  /** Where to stop looking. */
  #bound: number;
  #maxMembers: number;
  /** How many members were kept. */
  #kept = 0;
  #longest = 0;
  /** The members kept, from when the first was left out; until then it is the text up to `start`. */
  #rebuilt: string | undefined;

  // The member that is being looked at: where it and its key stand, what it is without invalid properties.
  #start = 0;
  #keyStart = 0;
  #keyEnd = 0;
  #keyed = false;
  #valid = false;
  #mended: string | undefined;

  readonly #text: string;
  readonly #limits: BaggageLimits;
  readonly #gate: BaggageGate;

  constructor(text: string, limits: BaggageLimits, gate: BaggageGate) {
    this.#text = text;
    this.#limits = limits;
    this.#gate = gate;
    this.#bound = Math.min(text.length, limits.bytes);
    this.#maxMembers = limits.members;
  }

  run(): ScannedBaggage {
    const text = this.#text;
    for (let looked = 0; this.#start < text.length; looked++) {
      if (looked >= this.#maxMembers && !this.#exceed('members')) break;
      let end = this.#readMember();
      if (this.#crossesBound(end)) {
        if (!this.#exceed('bytes')) break;
        end = this.#readMember();
        if (this.#crossesBound(end)) {
          this.#leaveOut();
          break;
        }
      }
      if (this.#passes(end)) this.#keep(end);
      else this.#leaveOut();
      this.#start = end + 1;
    }
    // A comma at the end leaves an empty member.
    if (this.#start === text.length) this.#leaveOut();
    return { text: trimSpace(this.#rebuilt ?? text), members: this.#kept, longest: this.#longest };
  }

  /** Reads the member at `start`. Returns where it ends: at a comma, or at the bound. */
  #readMember(): number {
    const text = this.#text;
    const start = this.#start;
    const bound = this.#bound;
    this.#mended = undefined;
    this.#keyStart = skipSpace(text, start, bound);
    this.#keyEnd = skipClass(text, this.#keyStart, bound, TOKEN);
    let i = skipSpace(text, this.#keyEnd, bound);
    this.#keyed = this.#keyEnd > this.#keyStart && i < bound && text.charCodeAt(i) === EQUALS;
    this.#valid = this.#keyed;
    if (this.#keyed) {
      i = skipSpace(text, i + 1, bound);
      i = skipSpace(text, skipClass(text, i, bound, OCTET), bound);
      while (i < bound && text.charCodeAt(i) === SEMICOLON) i = this.#readProperty(i);
      this.#valid = i >= bound || text.charCodeAt(i) === COMMA;
    }
    while (i < bound && text.charCodeAt(i) !== COMMA) i++;
    return i;
  }

  /** Reads the property after the semicolon at `semicolon`. Returns where it ends. */
  #readProperty(semicolon: number): number {
    const text = this.#text;
    const bound = this.#bound;
    let end = skipProperty(text, skipSpace(text, semicolon + 1, bound), bound);
    if (end !== -1 && (end >= bound || isSeparator(text.charCodeAt(end)))) {
      if (this.#mended !== undefined) this.#mended += text.slice(semicolon, end);
      return end;
    }
    end = semicolon + 1;
    while (end < bound && !isSeparator(text.charCodeAt(end))) end++;
    // A run of semicolons is left out in one go, up to the last: a property may follow that one.
    while (end + 1 < bound && isSemicolon(text, end) && isSemicolon(text, end + 1)) end++;
    this.#mended ??= text.slice(this.#start, semicolon);
    return end;
  }

  #crossesBound(end: number): boolean {
    return end >= this.#bound && end < this.#text.length && this.#text.charCodeAt(end) !== COMMA;
  }

  /** Reports the rest as beyond a limit. Returns whether it is to be looked at nevertheless. */
  #exceed(reason: 'bytes' | 'members'): boolean {
    const text = this.#text;
    if (this.#gate.drop(reason, text.length - this.#start) && this.#maxMembers !== Number.POSITIVE_INFINITY) {
      this.#bound = Math.min(text.length, Math.max(this.#limits.bytes, BAGGAGE_CEILING));
      this.#maxMembers = Number.POSITIVE_INFINITY;
      return true;
    }
    this.#leaveOut();
    return false;
  }

  /** Whether the member, which ends at `end`, is kept; tells the gate if not. */
  #passes(end: number): boolean {
    const gate = this.#gate;
    const bytes = end - this.#start;
    if (!this.#valid) {
      const empty = this.#keyStart >= end;
      if (!empty) gate.drop('invalid', bytes, this.#key());
      return false;
    }
    if (this.#mended !== undefined) gate.drop('invalid-property', bytes - this.#mended.length, this.#key());
    if (bytes > this.#limits.memberBytes && !gate.drop('member-bytes', bytes, this.#key())) return false;
    if (gate.accepts === undefined) return true;
    const key = this.#text.slice(this.#keyStart, this.#keyEnd);
    return gate.accepts(key) || gate.drop('filtered', bytes, key);
  }

  /** The key; `undefined` when what stands there may be a piece of a value, which must not be told. */
  #key(): string | undefined {
    return this.#keyed ? this.#text.slice(this.#keyStart, this.#keyEnd) : undefined;
  }

  #keep(end: number): void {
    if (this.#mended !== undefined) this.#leaveOut();
    if (this.#rebuilt !== undefined) {
      const member = this.#mended ?? this.#text.slice(this.#start, end);
      this.#rebuilt += this.#rebuilt === '' ? member : `,${member}`;
    }
    this.#kept++;
    this.#longest = Math.max(this.#longest, end - this.#start);
  }

  #leaveOut(): void {
    this.#rebuilt ??= this.#text.slice(0, Math.max(this.#start - 1, 0));
  }
}

function isSemicolon(text: string, index: number): boolean {
  return text.charCodeAt(index) === SEMICOLON;
}

function isSeparator(code: number): boolean {
  return code === COMMA || code === SEMICOLON;
}

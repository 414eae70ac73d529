import { OCTET, skipClass, skipSpace, TOKEN, trimSpace } from '../text.js';
import type { BaggageGate, BaggageLimits } from './gate.js';
import { skipProperty } from './property.js';

/** The members of a `baggage` field that are grammatical, within the limits, and not filtered. */
export interface ScannedBaggage {
  readonly text: string;
  readonly members: number;
  /** The bytes of its longest member. */
  readonly longest: number;
}

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** The most characters that are looked at in report mode. Servers accept fewer bytes of headers. */
export const BAGGAGE_CEILING = 65_536;

/**
 * Checks and limits a `baggage` field in one pass over its characters. Characters beyond the limits are not looked at.
 * No text is built as long as all members pass, and then `text` itself is returned.
 *
 * Members that are not grammatical count against the limits too. A character counts as a byte, because a member with
 * others than ASCII is not grammatical.
 */
export function scanBaggage(text: string, limits: BaggageLimits, gate: BaggageGate): ScannedBaggage {
  return new BaggageScan(text, limits, gate).run();
}

class BaggageScan {
  /** The index at which the scan stops. */
  #bound: number;
  #maxMembers: number;
  /** The number of members that are kept. */
  #kept = 0;
  #longest = 0;
  /** The members that are kept, once one was left out. Before that they are the text up to `start`. */
  #rebuilt: string | undefined;

  // The current member: the indexes of it and of its key, and its text without invalid properties, if it has any.
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
    // A comma at the end starts an empty member.
    if (this.#start === text.length) this.#leaveOut();
    return { text: trimSpace(this.#rebuilt ?? text), members: this.#kept, longest: this.#longest };
  }

  /** Reads the member at `start`. Returns its end: the index of a comma, or the bound. */
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

  /** Reads the property after the semicolon at the index `semicolon`. Returns its end. */
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
    // Of a run of semicolons all but the last are left out at once: a property may follow the last one.
    while (end + 1 < bound && isSemicolon(text, end) && isSemicolon(text, end + 1)) end++;
    this.#mended ??= text.slice(this.#start, semicolon);
    return end;
  }

  #crossesBound(end: number): boolean {
    return end >= this.#bound && end < this.#text.length && this.#text.charCodeAt(end) !== COMMA;
  }

  /** Reports the rest of the text as beyond a limit. Returns whether the scan goes on nevertheless, in report mode. */
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

  /** Whether the member that ends at `end` is kept. Reports a member that is not, and invalid properties. */
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

  /** The key; `undefined` without a `=`, since the text may then be part of a value, which must not be reported. */
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

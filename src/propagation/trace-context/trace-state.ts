import type { TraceState } from '@opentelemetry/api';
import { formatMember, joinMembers, splitMembers } from '../../wire/trace-context/tracestate.js';

/**
 * `TraceState` of the api that reads the text of a `tracestate` field when a value is asked for. Immutable. A list that
 * was not changed is sent byte for byte as it was received.
 */
export class WireTraceState implements TraceState {
  private parsed: readonly string[] | undefined = undefined;

  /** @param text a grammatical list, or nothing */
  constructor(private readonly text: string) {}

  /** The value of `key`; of several members with that key, the first one: it is the most recent. */
  get(key: string): string | undefined {
    return this.members()
      .find(hasKey(key))
      ?.slice(key.length + 1);
  }

  /**
   * A copy with the member in front. Of a list that gets too long, large members are left out, then the last ones. The
   * list itself when the member is not grammatical, or too large.
   */
  set(key: string, value: string): TraceState {
    const member = formatMember(key, value);
    if (member === undefined) return this;
    const text = joinMembers([member, ...this.without(key)]);
    return text.startsWith(member) ? new WireTraceState(text) : this;
  }

  /** A copy without the members with that key; the list itself when there is none. */
  unset(key: string): TraceState {
    const others = this.without(key);
    return others.length === this.members().length ? this : new WireTraceState(others.join(','));
  }

  serialize(): string {
    return this.text;
  }

  private without(key: string): string[] {
    const isIt = hasKey(key);
    return this.members().filter((member) => !isIt(member));
  }

  private members(): readonly string[] {
    this.parsed ??= splitMembers(this.text);
    return this.parsed;
  }
}

function hasKey(key: string): (member: string) => boolean {
  // JavaScript code may ask for anything.
  return (member) => typeof key === 'string' && member.startsWith(`${key}=`);
}

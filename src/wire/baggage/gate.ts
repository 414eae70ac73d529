/**
 * Why baggage was dropped.
 * - `bytes`, `members`, `member-bytes`: a limit on the whole field, on the number of members, on the bytes of one
 *   member
 * - `invalid`, `invalid-property`: the member or the property is not grammatical
 * - `filtered`: the option `inbound` or `outbound` has no such key
 */
export type BaggageDropReason = 'bytes' | 'members' | 'member-bytes' | 'invalid' | 'invalid-property' | 'filtered';

/** Limits on a `baggage` field. Separators and properties count as bytes of the value. */
export interface BaggageLimits {
  readonly members: number;
  readonly bytes: number;
  readonly memberBytes: number;
}

/** Decides which members may pass, and reports the others. */
export interface BaggageGate {
  /** Whether a key may pass; `undefined`: every key may. */
  readonly accepts: ((key: string) => boolean) | undefined;
  /**
   * Reports a member that must not pass. Returns `true` when it is to pass nevertheless, in report mode. The result is
   * ignored for members that are not grammatical.
   */
  drop(reason: BaggageDropReason, bytes: number, key?: string): boolean;
}

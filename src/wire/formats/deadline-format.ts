import { headerName } from '../header-name.js';
import { smallestValue } from '../value-list.js';

/** The budget of a value that means "no deadline". */
export const NO_DEADLINE = Number.POSITIVE_INFINITY;

/** The wall clock, for formats that send a time instead of a duration: `Date`, or a replacement. */
export interface WallClock {
  /** The current time, in ms since the epoch. */
  now(): number;
  /** How far in the future a deadline may be, in ms; a later one is not valid. Default: 24 hours. */
  readonly maxFuture?: number;
}

/** A header that carries a deadline, and how its value is read and written. Made by {@link deadlineFormat}. */
export interface DeadlineFormat {
  /** The header's name, in lower case. */
  readonly field: string;
  /**
   * Reads the smallest value in the header.
   *
   * @param text the header's value, any text; several lines joined by commas
   * @returns the budget, in ms: 0 is exhausted, `Infinity` means no deadline; `null` when no value is valid
   */
  parse(text: string, clock: WallClock): number | null;
  /** @param ms the budget: whole ms, 0 to 2147483647 */
  format(ms: number, clock: WallClock): string;
}

/** The header of {@link deadlineFormat}, and how one value is read and written. */
export interface FormatDefinition {
  /** The header's name, in any case. */
  readonly field: string;
  /**
   * @param value one value, without white space around it; any text, up to 256 characters
   * @returns the budget, in ms: 0 or less is exhausted, `Infinity` means no deadline; `null` when `value` is not valid
   */
  parse(value: string, clock: WallClock): number | null;
  /** @param ms the budget: whole ms, 0 to 2147483647 */
  format(ms: number, clock: WallClock): string;
}

/**
 * A format of your own. As in all formats, of several values the smallest counts, at most 8 values and 256 characters
 * are looked at, and a negative value is exhausted.
 *
 * @throws TypeError that quotes `field` when it is not the name of a header
 */
export function deadlineFormat(definition: FormatDefinition): DeadlineFormat {
  return {
    field: headerName(definition.field),
    parse: (text, clock) =>
      smallestValue(text, (value) => {
        const ms = definition.parse(value, clock);
        return typeof ms !== 'number' || Number.isNaN(ms) ? null : Math.max(ms, 0);
      }),
    format: definition.format.bind(definition),
  };
}

import { headerName } from '../header-name.js';
import { smallestValue } from '../value-list.js';

/** The time left where a value says that there is no deadline. */
export const NO_DEADLINE = Number.POSITIVE_INFINITY;

/** The wall clock, for the formats that hold a time instead of a duration: `Date`, or a stand-in. */
export interface WallClock {
  /** ms since the epoch. */
  now(): number;
  /** How far away a time may be, in ms; a later one is a mistake. Default: 24 hours. */
  readonly maxFuture?: number;
}

/** How a deadline is spelt in a header. Made by {@link deadlineFormat}. */
export interface DeadlineFormat {
  /** The header's name, in lower case. */
  readonly field: string;
  /**
   * @param text the header's value; several lines joined by commas. Any text
   * @returns what is left, in ms: 0 is exhausted, `Infinity` says that there is no deadline; `null` when `text` holds no
   *   value
   */
  parse(text: string, clock: WallClock): number | null;
  /** @param ms what is left: whole ms, 0 to 2147483647 */
  format(ms: number, clock: WallClock): string;
}

/** What {@link deadlineFormat} needs to know: how one value is read and written. */
export interface FormatDefinition {
  /** The header's name, in any case. */
  readonly field: string;
  /**
   * @param value one value, without white space around it; any text, up to 256 characters
   * @returns what is left, in ms: 0 or less is exhausted, `Infinity` says that there is no deadline; `null` when `value` is
   *   not valid
   */
  parse(value: string, clock: WallClock): number | null;
  /** @param ms what is left: whole ms, 0 to 2147483647 */
  format(ms: number, clock: WallClock): string;
}

/**
 * A format of one's own. What all formats have in common is done here: of several values the smallest counts, at most 8 and
 * 256 characters are looked at, what is below 0 is exhausted.
 *
 * @throws TypeError that quotes the name of a header that is none
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

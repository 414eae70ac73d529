import { type DeadlineFormat, NO_DEADLINE } from '../wire/formats/deadline-format.js';
import { TIMEBUDGET } from '../wire/formats/timebudget.js';
import { FIELD_LENGTH } from '../wire/value-list.js';
import { readField } from './carrier-field.js';
import type { ReadingSetter } from './deadline-setter.js';

/** How many lines of a header are looked at. */
const MAX_LINES = 8;

/**
 * The limit that other code has set for a call in the header of `format`, in ms; `Infinity` when there is none. Connect
 * writes its `timeoutMs` into `connect-timeout-ms`, for example: the shorter of the two limits must be sent.
 *
 * `timebudget` is no such header: only this package writes it, and a value in it may be an old one.
 */
export function ownLimit(format: DeadlineFormat, carrier: unknown, setter: ReadingSetter): number {
  if (format.field === TIMEBUDGET) return NO_DEADLINE;
  const get = setter.get ?? valueIn;
  const getter = { get: (from: unknown, field: string) => textOf(get(from, field)), keys: () => [] };
  try {
    const text = readField(carrier, getter, format.field, FIELD_LENGTH);
    const limit = text ? format.parse(text, Date) : null;
    if (typeof limit === 'number' && limit >= 0) return limit;
  } catch {
    // A carrier, or a format of the application's own, that fails must not cost the call its deadline.
  }
  return NO_DEADLINE;
}

/** Applications write numbers into headers as well. */
function textOf(value: unknown): string | string[] | undefined {
  if (Array.isArray(value)) return value.slice(0, MAX_LINES).map(String);
  return typeof value === 'number' ? String(value) : (value as string | undefined);
}

/** The header of a plain object, in any case, or of a `Headers`. gRPC's `Metadata` is reused, and may hold an old value. */
function valueIn(carrier: unknown, field: string): unknown {
  if (typeof carrier !== 'object' || carrier === null) return undefined;
  if (typeof Headers === 'function' && carrier instanceof Headers) return carrier.get(field);
  const name = Object.keys(carrier).find((key) => key.length === field.length && key.toLowerCase() === field);
  return name && (carrier as Record<string, unknown>)[name];
}

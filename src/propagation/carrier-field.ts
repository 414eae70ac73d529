import type { TextMapGetter } from '@opentelemetry/api';

/**
 * The text of a carrier's field; several lines are joined as one list. `undefined` when it is absent, `null` when what
 * the getter returned is not text. What the getter throws is passed on.
 *
 * @param enough how many characters of several lines are of interest; a little more may be returned
 */
export function readField(
  carrier: unknown,
  getter: TextMapGetter,
  name: string,
  enough: number,
): string | null | undefined {
  const value: unknown = getter.get(carrier, name);
  if (typeof value === 'string') return value;
  // `null` is what `Headers.get` returns for a field that is absent.
  if (value === undefined || value === null) return undefined;
  // gRPC metadata, Node's raw headers. No lines at all: absent.
  if (!Array.isArray(value)) return null;
  return value.length === 0 ? undefined : joinLines(value, enough);
}

/** A line that is not text (a Buffer, a hole) becomes an empty member, so that the number of lines is bounded too. */
function joinLines(lines: readonly unknown[], enough: number): string {
  let text = '';
  for (let i = 0; i < lines.length && text.length <= enough; i++) {
    const line = lines[i];
    if (i > 0) text += ',';
    if (typeof line === 'string') text += line.slice(0, enough + 1);
  }
  return text;
}

import type { TextMapGetter } from '@opentelemetry/api';

/**
 * The text of a carrier's field. Several lines are joined by commas.
 *
 * @param enough how many characters are needed of several lines; slightly more may be returned
 * @returns `undefined` when the field is absent, `null` when the getter returned neither text nor lines
 * @throws what the getter throws
 */
export function readField(
  carrier: unknown,
  getter: TextMapGetter,
  name: string,
  enough: number,
): string | null | undefined {
  const value: unknown = getter.get(carrier, name);
  if (typeof value === 'string') return value;
  // `Headers.get` returns `null` for an absent field.
  if (value === undefined || value === null) return undefined;
  // gRPC metadata and Node's raw headers return arrays. An empty array is an absent field.
  if (!Array.isArray(value)) return null;
  return value.length === 0 ? undefined : joinLines(value, enough);
}

/**
 * A line that is not text (a Buffer, a hole) becomes an empty member: with its comma, `enough` limits the lines as
 * well.
 */
function joinLines(lines: readonly unknown[], enough: number): string {
  let text = '';
  for (let i = 0; i < lines.length && text.length <= enough; i++) {
    const line = lines[i];
    if (i > 0) text += ',';
    if (typeof line === 'string') text += line.slice(0, enough + 1);
  }
  return text;
}

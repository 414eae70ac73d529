import type { TextMapGetter } from '@opentelemetry/api';

/** A field that comes in more lines than this is cut: its reader stops there too. */
const MAX_LINES = 8;
const MAX_LINE_LENGTH = 512;

/**
 * The text of a carrier's field, its lines joined as one list; `undefined` when it is absent, `null` when what the
 * getter returned is not text. What the getter throws is passed on.
 */
export function readField(carrier: unknown, getter: TextMapGetter, name: string): string | null | undefined {
  const value: unknown = getter.get(carrier, name);
  if (typeof value === 'string' || value === undefined) return value;
  // gRPC metadata, raw headers. No lines at all: absent.
  return Array.isArray(value) ? joinLines(value) : null;
}

function joinLines(lines: readonly unknown[]): string | null | undefined {
  if (lines.length === 0) return undefined;
  if (lines.length === 1 && typeof lines[0] === 'string') return lines[0];
  const texts: string[] = [];
  for (const line of lines.slice(0, MAX_LINES)) {
    if (typeof line === 'string') texts.push(line.slice(0, MAX_LINE_LENGTH));
  }
  return texts.length === 0 ? null : texts.join(',');
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The vectors of one field. In every text `‹x×n›` stands for the character `x`, `n` times. */
export function readVectors<T>(field: string): T {
  const text = readFileSync(join(__dirname, `../../vectors/trace-context/${field}.json`), 'utf8');
  return JSON.parse(text, (_, value) => (typeof value === 'string' ? writtenOut(value) : value));
}

function writtenOut(text: string): string {
  return text.replace(/‹(.)×(\d+)›/g, (_, character: string, times: string) => character.repeat(Number(times)));
}

/** For the title of a test: without control characters, and not too long. */
export function title(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.length > 80 ? `${quoted.slice(0, 60)}... (${text.length} characters)` : quoted;
}

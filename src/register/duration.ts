const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000 };

/** A duration in ms; `undefined` when `text` is none. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit = 'ms'] = /^(\d{1,12}(?:\.\d{1,12})?)\s*(ms|s|m)?$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit] as number);
}

/** Refuses 0, with which every request would be rejected: it was meant as something else, such as "no limit". */
export function parseBudget(text: string): number | undefined {
  return parseDuration(text) || undefined;
}

/** How much of a bad argument an error quotes. */
const MAX_QUOTED = 60;

/** The error for a value of the wrong type. Thrown to the programmer, never for what came from the wire. */
export function wrongType(where: string, expected: string, got: unknown): TypeError {
  return new TypeError(`${where}: expected ${expected}, got ${quote(got)}`);
}

/** The error for a value of the right type outside its range. */
export function outOfRange(where: string, expected: string, got: unknown): RangeError {
  return new RangeError(`${where}: expected ${expected}, got ${quote(got)}`);
}

/** Throws unless `value` is a duration: a number of milliseconds from 0 to `Infinity`. */
export function checkDuration(where: string, value: unknown): asserts value is number {
  const expected = 'a number of milliseconds, 0 or more';
  if (typeof value !== 'number') throw wrongType(where, expected, value);
  if (!(value >= 0)) throw outOfRange(where, expected, value);
}

/** Throws unless `value` is a function. */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(where, 'a function', value);
}

/** Throws unless `value` is an object (or absent) whose keys are all among `known`: a misspelt option is an error. */
export function checkOptions(where: string, value: unknown, known: readonly string[]): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(where, 'an object of options', value);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw wrongType(where, `only the options ${known.join(', ')}`, key);
  }
}

function quote(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}...` : value);
    case 'object':
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date';
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    case 'function':
      return 'a function';
    case 'bigint':
      return `${value}n`;
    default:
      return String(value);
  }
}

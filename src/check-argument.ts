/** The number of characters that an error quotes from a bad argument. */
const MAX_QUOTED = 60;

/** The error for an argument or option of the wrong type. Input from the wire never causes one. */
export function wrongType(where: string, expected: string, got: unknown): TypeError {
  return new TypeError(`${where}: expected ${expected}, got ${quote(got)}`);
}

/** The error for an argument or option of the right type that is out of range. */
export function outOfRange(where: string, expected: string, got: unknown): RangeError {
  return new RangeError(`${where}: expected ${expected}, got ${quote(got)}`);
}

/** Throws unless `value` is a number for which `inRange` returns `true`; `inRange` must return `false` for NaN. */
export function checkNumber(
  where: string,
  expected: string,
  value: unknown,
  inRange: (value: number) => boolean,
): asserts value is number {
  if (typeof value !== 'number') throw wrongType(where, expected, value);
  if (!inRange(value)) throw outOfRange(where, expected, value);
}

/** Throws unless `value` is a duration: a number of milliseconds from 0 to `Infinity`. */
export function checkDuration(where: string, value: unknown): asserts value is number {
  checkNumber(where, 'a number of ms, 0 or more', value, (ms) => ms >= 0);
}

/** Throws unless `value` is a function. */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(where, 'a function', value);
}

/**
 * Throws unless `value` is `undefined`, or an object with no other keys than `known`: a misspelt option is an error.
 */
export function checkOptions(where: string, value: unknown, known: readonly string[]): void {
  if (value === undefined) return;
  if (kindOf(value) !== 'Object') throw wrongType(where, 'an object of options', value);
  for (const key of Object.keys(value as object)) {
    if (!known.includes(key)) throw wrongType(where, `only the options ${known.join(', ')}`, key);
  }
}

/**
 * The class of a value, such as `Object`, `Array` or `Date`, also when it was made in another realm (vm, Jest, iframe).
 */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A primitive as it is written in code; for a bigint, which would look like a number, and for objects their class. */
function quote(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}...` : value);
  return Object(value) === value || typeof value === 'bigint' ? kindOf(value) : String(value);
}

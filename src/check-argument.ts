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

/** Throws unless `value` is a number for which `inRange` holds, which it must not for NaN. */
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
  checkNumber(where, 'a number of milliseconds, 0 or more', value, (ms) => ms >= 0);
}

/** Throws unless `value` is a function. */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(where, 'a function', value);
}

/** Throws unless `value` is an object (or absent) whose keys are all among `known`: a misspelt option is an error. */
export function checkOptions(where: string, value: unknown, known: readonly string[]): void {
  if (value === undefined) return;
  if (kindOf(value) !== 'Object') throw wrongType(where, 'an object of options', value);
  for (const key of Object.keys(value as object)) {
    if (!known.includes(key)) throw wrongType(where, `only the options ${known.join(', ')}`, key);
  }
}

/** What kind of value it is, of this realm or another one (a test runner's, a worker's): `Object`, `Array`, `Date`. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A primitive as code has it, unless it would look like a number and is none; of anything else its kind. */
function quote(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}...` : value);
  return Object(value) === value || typeof value === 'bigint' ? kindOf(value) : String(value);
}

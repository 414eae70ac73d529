import { diag } from '@opentelemetry/api';
import { checkDuration, checkFunction, outOfRange, wrongType } from '../check-argument.js';
import type { DatabaseMode } from './options.js';

/** @throws TypeError unless `value` is a boolean or absent; an absent one is `fallback` */
export function flag(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw wrongType(option, 'true or false', value);
  return value;
}

/** @throws TypeError or RangeError unless `value` is a mode of a driver or absent; an absent one is `fallback` */
export function databaseMode(option: string, value: unknown, fallback: DatabaseMode): DatabaseMode {
  if (value === undefined) return fallback;
  if (value === 'cancel' || value === 'refuse' || value === false) return value;
  throw outOfRange(option, "'cancel', 'refuse' or false", value);
}

type Predicate<T> = (subject: T) => boolean;

/**
 * An option that is a boolean or a function, as a function.
 *
 * @param fallback the answer when the option is absent
 * @param onError the answer when the function fails
 * @throws TypeError when `value` is neither
 */
export function predicate<T>(option: string, value: unknown, fallback: boolean, onError: boolean): Predicate<T> {
  if (typeof value === 'boolean' || value === undefined) return () => value ?? fallback;
  if (typeof value !== 'function') throw wrongType(option, 'true, false or a function', value);
  return (subject) => answerOf(option, () => value(subject), onError);
}

/** An option that is a function only, because `ignore: true` would turn everything off. @throws TypeError for others */
export function filter<T>(option: string, value: Predicate<T> | undefined): Predicate<T> | undefined {
  if (value === undefined) return undefined;
  checkFunction(option, value);
  return (subject) => answerOf(option, () => value(subject), false);
}

/**
 * The answer of the application's own predicate. One that throws must not break a request: `onError` is its answer. The
 * same holds for one that returns an object, such as a promise, which would always count as true.
 */
function answerOf(option: string, ask: () => unknown, onError: boolean): boolean {
  try {
    const answer = ask();
    if (typeof answer === 'object' && answer !== null) throw rejectObject(option, 'true or false', answer);
    return Boolean(answer);
  } catch (error) {
    diag.error(`${option}: taken as ${onError}`, error);
    return onError;
  }
}

/** The error for an answer that is an object. Nobody else handles the rejection when that object is a promise. */
function rejectObject(option: string, expected: string, answer: unknown): TypeError {
  Promise.resolve(answer).catch(() => {});
  return wrongType(option, expected, answer);
}

/**
 * An option that is a number of ms or a function, as a function. One that fails gives no budget.
 *
 * @throws TypeError or RangeError when `value` is neither
 */
export function budget<T>(option: string, value: unknown): (request: T) => number | undefined {
  if (typeof value !== 'function') {
    if (value !== undefined) checkDuration(option, value);
    return () => value;
  }
  return (request) => {
    try {
      const ms: unknown = value(request);
      if (typeof ms === 'object') throw rejectObject(option, 'a number of milliseconds', ms);
      if (ms !== undefined) checkDuration(option, ms);
      return ms;
    } catch (error) {
      diag.error(`${option}: the request gets no default budget`, error);
      return undefined;
    }
  };
}

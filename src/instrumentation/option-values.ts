import { diag } from '@opentelemetry/api';
import { checkDuration, checkFunction, wrongType } from '../check-argument.js';

/** @throws TypeError unless `value` is a boolean, or absent: then it is `fallback` */
export function flag(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw wrongType(option, 'true or false', value);
  return value;
}

type Predicate<T> = (subject: T) => boolean;

/**
 * `value`, a boolean or a function, as a function.
 *
 * @param onError what is taken for the answer of one that throws
 */
export function predicate<T>(option: string, value: unknown, fallback: boolean, onError = fallback): Predicate<T> {
  if (typeof value === 'boolean' || value === undefined) return () => value ?? fallback;
  if (typeof value !== 'function') throw wrongType(option, 'true, false or a function', value);
  return (subject) => ask(option, () => value(subject), onError);
}

/** A function only: `ignore: true` would turn everything off. */
export function filter<T>(option: string, value: Predicate<T> | undefined): Predicate<T> | undefined {
  if (value === undefined) return undefined;
  checkFunction(option, value);
  return (subject) => ask(option, () => value(subject), false);
}

/**
 * A predicate that throws must not break a request: it is taken to have answered `onError`. So is one that answers with
 * an object, a promise for one, which would always be true.
 */
function ask(option: string, question: () => unknown, onError: boolean): boolean {
  try {
    const answer = question();
    if (typeof answer === 'object' && answer !== null) throw refused(option, 'true or false', answer);
    return Boolean(answer);
  } catch (error) {
    diag.error(`${option}: taken as ${onError}`, error);
    return onError;
  }
}

/** The error for an answer that is an object. Of a promise nobody else will handle the rejection. */
function refused(option: string, expected: string, answer: unknown): TypeError {
  Promise.resolve(answer).catch(() => {});
  return wrongType(option, expected, answer);
}

/** `server.defaultBudget`, ms or a function, as a function; one that throws has no budget to give. */
export function budget<T>(value: unknown): (request: T) => number | undefined {
  if (typeof value !== 'function') {
    if (value !== undefined) checkDuration('server.defaultBudget', value);
    return () => value;
  }
  return (request) => {
    try {
      const ms: unknown = value(request);
      if (typeof ms === 'object') throw refused('server.defaultBudget', 'a number of milliseconds', ms);
      if (ms !== undefined) checkDuration('server.defaultBudget', ms);
      return ms;
    } catch (error) {
      diag.error('server.defaultBudget: the request gets no default budget', error);
      return undefined;
    }
  };
}

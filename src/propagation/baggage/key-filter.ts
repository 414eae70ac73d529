import { outOfRange, wrongType } from '../../check-argument.js';

/**
 * Selects baggage keys: an array of names, where `prefix*` selects all keys that start with `prefix`, or a predicate on
 * the key. Keys are case-sensitive. A key is not selected when the predicate throws, or returns anything but `true`.
 */
export type KeyFilter = readonly string[] | ((key: string) => boolean);

/**
 * The filter as a predicate; `undefined` when `filter` is `undefined`.
 *
 * @throws TypeError or RangeError that names the option
 */
export function resolveKeyFilter(option: string, filter: unknown): ((key: string) => boolean) | undefined {
  if (filter === undefined) return undefined;
  if (typeof filter === 'function') {
    return (key) => {
      try {
        // Compared with `true`, because the promise of an async predicate is truthy, and would let every key pass.
        return filter(key) === true;
      } catch {
        return false;
      }
    };
  }
  if (!Array.isArray(filter)) throw wrongType(option, 'an array of keys or prefix*, or a predicate', filter);
  const names = new Set<string>();
  const prefixes: string[] = [];
  for (const name of filter as unknown[]) {
    if (typeof name !== 'string') throw wrongType(option, 'keys as strings', name);
    const star = name.indexOf('*');
    if (star === -1 && name !== '') names.add(name);
    else if (star !== -1 && star === name.length - 1) prefixes.push(name.slice(0, -1));
    else throw outOfRange(option, 'a key or prefix*', name);
  }
  return (key) => names.has(key) || prefixes.some((prefix) => key.startsWith(prefix));
}

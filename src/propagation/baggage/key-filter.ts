import { outOfRange, wrongType } from '../../check-argument.js';

/**
 * Which baggage keys: their names, where `prefix*` stands for all that start so; or a predicate on the key. Keys are
 * case-sensitive. A predicate that throws, or returns anything but `true`,
 * lets nothing through.
 */
export type KeyFilter = readonly string[] | ((key: string) => boolean);

/** The filter as a predicate; `undefined` stays. @throws TypeError or RangeError that names the option */
export function resolveKeyFilter(option: string, filter: unknown): ((key: string) => boolean) | undefined {
  if (filter === undefined) return undefined;
  if (typeof filter === 'function') {
    return (key) => {
      try {
        // Nothing but `true`: the promise of an async predicate must not open a trust boundary.
        return filter(key) === true;
      } catch {
        return false;
      }
    };
  }
  if (!Array.isArray(filter)) throw wrongType(option, 'an array of keys and prefix*, or a predicate', filter);
  const names = new Set<string>();
  const prefixes: string[] = [];
  for (const name of filter as unknown[]) {
    if (typeof name !== 'string') throw wrongType(option, 'keys as strings', name);
    const star = name.indexOf('*');
    if (star === -1 && name !== '') names.add(name);
    else if (star !== -1 && star === name.length - 1) prefixes.push(name.slice(0, -1));
    else throw outOfRange(option, 'a key, or a prefix with one * at its end', name);
  }
  return (key) => names.has(key) || prefixes.some((prefix) => key.startsWith(prefix));
}

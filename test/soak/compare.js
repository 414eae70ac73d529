const MAX_HEAP_GROWTH = 5e6;

/** How many more objects of a kind may live: Node keeps parsers, with what they parsed last, one a concurrent request. */
const MAX_KEPT = 48;

/**
 * What is wrong with a service after so many requests, in words; and prints what was found.
 *
 * @param {Awaited<ReturnType<typeof import('./census.js').census>> & { troubles: string[] }} before
 * @param {typeof before} after
 */
export function compare(before, after) {
  const growth = after.heapBytes - before.heapBytes;
  const problems = after.troubles.map((trouble) => `in the service: ${trouble}`);
  if (growth > MAX_HEAP_GROWTH) problems.push(`the heap grew by ${growth} bytes, ${MAX_HEAP_GROWTH} are allowed`);
  console.log(`heap: ${before.heapBytes} bytes before, ${after.heapBytes} after: ${growth}`);
  for (const [kind, allowed] of [
    ['objects', MAX_KEPT],
    ['handles', 0],
  ]) {
    for (const name of new Set([...Object.keys(before[kind]), ...Object.keys(after[kind])])) {
      const [had, has] = [before, after].map((found) => found[kind][name] ?? 0);
      console.log(`${name}: ${had} before, ${has} after`);
      if (has > had + allowed) problems.push(`${name}: ${had} before, ${has} after`);
    }
  }
  return problems;
}

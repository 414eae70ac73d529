const MAX_HEAP_GROWTH = 5e6;

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
  for (const name of new Set([...Object.keys(before.counts), ...Object.keys(after.counts)])) {
    const [had, has] = [before, after].map(({ counts }) => counts[name] ?? 0);
    console.log(`${name}: ${had} before, ${has} after`);
    if (has > had) problems.push(`${name}: ${had} before, ${has} after`);
  }
  return problems;
}
